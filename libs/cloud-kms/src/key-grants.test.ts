import { type KmsStandIn, startKmsStandIn } from '@keyserver/stand-ins/kms';
import { systemTimers } from '@keyserver/time';
import { impatient } from '../../../test/support/machine.ts';
import { type CloudKms, openKms } from './index.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const KEY = 'projects/p/locations/l/keyRings/r/cryptoKeys/k';

let cloud: KmsStandIn;
let kms: CloudKms;
beforeAll(async () => {
  cloud = await startKmsStandIn();
  cloud.createSigningKey(KEY);
  kms = await openKms({ endpoint: cloud.address, timers: systemTimers, random: impatient });
});
afterEach(() => {
  cloud.faults.clear();
});
afterAll(async () => {
  await kms.close();
  await cloud.close();
});

describe('the grants of a key', () => {
  it('are none while nobody was granted anything, and then all', async () => {
    expect(await kms.grantsOf(KEY)).toEqual([]);
    const bindings = [
      {
        role: 'roles/cloudkms.signer',
        members: ['serviceAccount:export@p.example', 'user:a@b.example'],
      },
      { role: 'roles/cloudkms.viewer', members: ['allUsers'] },
    ];
    cloud.setPolicy(KEY, bindings);
    expect(await kms.grantsOf(KEY)).toEqual(bindings);
  });

  it.each([
    ['of a version', `${KEY}/cryptoKeyVersions/1`, 'malformed_name'],
    ['of a key that does not exist', `${KEY}2`, 'not_found'],
  ])('cannot be read %s', async (_what, name, code) => {
    await expect(kms.grantsOf(name)).rejects.toMatchObject({ code });
  });

  it('cannot be read without the permission', async () => {
    cloud.faults.fail({ method: 'GetIamPolicy', code: 'PERMISSION_DENIED' });
    await expect(kms.grantsOf(KEY)).rejects.toMatchObject({ code: 'forbidden' });
  });
});
