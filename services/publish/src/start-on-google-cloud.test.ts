import { impatient, machine } from '../../../test/support/machine.ts';
import { openKms } from '@keyserver/cloud-kms';
import { openFirestoreStore } from '@keyserver/firestore';
import { testAmbient } from '@keyserver/platform/testing';
import { startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { startKmsStandIn } from '@keyserver/stand-ins/kms';
import { startPublish } from './index.ts';
import { makeDataKey } from './testing/data-key.ts';

const KEY = 'projects/demo-project/locations/eu/keyRings/tokens/cryptoKeys/revision';
process.env['METADATA_SERVER_DETECTION'] = 'none';

it('keeps its documents on Google Cloud, at the address that it is given', async () => {
  const [firestore, kms] = await Promise.all([startFirestoreStandIn(), startKmsStandIn()]);
  kms.createWrappingKey(KEY);
  const other = await openKms({ endpoint: kms.address, ...machine });
  const store = await openFirestoreStore({
    ...{
      ...machine,
      random: impatient,
      projectId: 'demo-project',
      emulatorHost: firestore.address,
    },
  });
  await makeDataKey(store, other.wrapperFor(KEY));
  await Promise.all([store.close(), other.close()]);
  const ambient = testAmbient('publish', { random: impatient });
  const service = await startPublish(
    {
      ...{ PLATFORM: 'gcp', GCP_PROJECT: 'demo-project', KEY_HASH_SECRET: 'ab'.repeat(32) },
      ...{ FIRESTORE_ENDPOINT: firestore.address, KMS_ENDPOINT: kms.address, PORT: '0' },
      REVISION_TOKEN_KEY: KEY,
    },
    ambient,
  );
  const health = await fetch(`${service.url}/health`);
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
  expect(ambient.lines).toEqual([]);
  await service.close();
  await Promise.all([firestore.close(), kms.close()]);
});
