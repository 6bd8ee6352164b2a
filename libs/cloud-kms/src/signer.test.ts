import { machine } from '../../../test/support/machine.ts';
import {
  type NamedSigner,
  type Verification,
  encodeExport,
  signExport,
  verifyExport,
  writeArchive,
} from '@keyserver/export-file';
import { DAY, secondsOf, unixMillis } from '@keyserver/time';
import { createVerify } from 'node:crypto';
import { type KmsStandIn, startKmsStandIn } from '@keyserver/stand-ins/kms';
import { type CloudKms, openKms } from './index.ts';

const RING = 'projects/demo/locations/europe-west1/keyRings/keyserver/cryptoKeys';

let standIn: KmsStandIn;
let kms: CloudKms;
let made = 0;
/** A key of each test's own, and its first version. */
let key = '';
let version = '';

beforeAll(async () => {
  standIn = await startKmsStandIn();
  kms = await openKms({ ...machine, endpoint: standIn.address });
});

beforeEach(() => {
  standIn.faults.clear();
  key = `${RING}/exports-${made++}`;
  version = standIn.createSigningKey(key);
});

afterAll(async () => {
  await kms.close();
  await standIn.close();
});

async function signText(...pieces: readonly string[]): Promise<Uint8Array> {
  const signature = (await kms.findSigner(version))!.begin();
  for (const piece of pieces) signature.update(Buffer.from(piece));
  return await signature.finish();
}

const publicKey = async (): Promise<string> => await (await kms.findSigner(version))!.publicKey();

/** Whether a client finds the version, and with it makes a signature that its public key verifies. */
async function canSign(client: CloudKms): Promise<boolean> {
  const signer = await client.findSigner(version);
  if (signer === undefined) return false;
  const signature = signer.begin();
  signature.update(Buffer.from('one'));
  return verifies('one', await signer.publicKey(), await signature.finish());
}

const verifies = (text: string, pem: string, signature: Uint8Array): boolean =>
  createVerify('sha256').update(text).verify(pem, signature);

const NO_KEYS = { records: Buffer.alloc(0), order: new Uint32Array() };
const END = unixMillis(1_590_192_000_000);

/** Makes an export file with these signers, and checks it as phones do. */
async function checkedFile(signers: readonly NamedSigner[]): Promise<Verification> {
  const [start, end] = [secondsOf(unixMillis(END - DAY)), secondsOf(END)];
  const lists = { keys: NO_KEYS, revisedKeys: NO_KEYS };
  const bin = [...encodeExport({ start, end, region: 'US', signers, ...lists })];
  const { sig } = await signExport(bin, signers);
  const zip: Uint8Array[] = [];
  for await (const piece of writeArchive(() => bin, sig)) zip.push(piece);
  const keys = await Promise.all(
    signers.map(async ({ keyId, keyVersion, signer }) => ({
      ...{ keyId, keyVersion, publicKey: await signer.publicKey() },
    })),
  );
  return await verifyExport(Buffer.concat(zip), { keys, now: END });
}

const named = async (name: string, keyVersion: string): Promise<NamedSigner> => ({
  ...{ keyId: '310', keyVersion, signer: (await kms.findSigner(name))! },
});

describe('a signer of Cloud KMS', () => {
  it('signs export files that phones take', async () => {
    const checked = await checkedFile([await named(version, 'v1')]);
    expect(checked.violations).toEqual([]);
    expect(checked.signatures).toMatchObject([{ keyVersion: 'v1', outcome: 'valid' }]);
  });

  it('signs one file by two versions of a key', async () => {
    const second = standIn.addVersion(key);
    const checked = await checkedFile([await named(version, 'v1'), await named(second, 'v2')]);
    expect(checked.violations).toEqual([]);
    expect(checked.signatures).toMatchObject([
      { keyVersion: 'v1', outcome: 'valid' },
      { keyVersion: 'v2', outcome: 'valid' },
    ]);
  });

  it('signs two messages at once, each in pieces', async () => {
    const [one, two] = await Promise.all([signText('on', 'e'), signText('t', '', 'wo')]);
    const pem = await publicKey();
    expect([verifies('one', pem, one), verifies('two', pem, two)]).toEqual([true, true]);
  });

  it('signs nothing before the last piece', async () => {
    const signature = (await kms.findSigner(version))!.begin();
    signature.update(Buffer.from('one'));
    expect(standIn.faults.calls('AsymmetricSign')).toBe(0);
    await signature.finish();
    expect(standIn.faults.calls('AsymmetricSign')).toBe(1);
  });

  it('is asked for its public key once, when it is found', async () => {
    await checkedFile([await named(version, 'v1')]);
    expect(standIn.faults.calls('GetPublicKey')).toBe(1);
  });
});

describe('a key version that cannot sign', () => {
  it.each(['DISABLED', 'DESTROYED', 'DESTROY_SCHEDULED', 'PENDING_GENERATION'] as const)(
    'is not found while it is %s, and found again when it is enabled',
    async (state) => {
      standIn.setState(version, state);
      expect(await kms.findSigner(version)).toBeUndefined();
      standIn.setState(version, 'ENABLED');
      expect(await canSign(kms)).toBe(true);
    },
  );

  it('is not found when it does not exist', async () => {
    expect(await kms.findSigner(`${key}/cryptoKeyVersions/2`)).toBeUndefined();
    expect(await kms.findSigner(`${RING}/other/cryptoKeyVersions/1`)).toBeUndefined();
  });

  it.each([
    '',
    'export-2024',
    `${RING}/exports`,
    `${RING}/exports/cryptoKeyVersions/`,
    `${RING}/exports/cryptoKeyVersions/0`,
    `${RING}/exports/cryptoKeyVersions/latest`,
    `${RING}/exports/cryptoKeyVersions/1/publicKey`,
    `/${RING}/exports/cryptoKeyVersions/1`,
    `${RING}/exports/cryptoKeyVersions/1\n`,
    'projects/demo/locations/l/keyRings/r/cryptoKeyVersions/1',
  ])('is not even asked for when %j can be no name of one', async (name) => {
    expect(await kms.findSigner(name)).toBeUndefined();
    expect(standIn.faults.calls('GetPublicKey')).toBe(0);
  });

  it('is a fault when it signs what phones cannot verify', async () => {
    const other = standIn.createSigningKey(`${RING}/p384`, 'EC_SIGN_P384_SHA384');
    await expect(kms.findSigner(other)).rejects.toMatchObject({
      ...{ code: 'wrong_kind', key: other },
      message: expect.stringContaining('EC_SIGN_P384_SHA384') as string,
    });
  });

  it('is a fault when its key wraps', async () => {
    const other = standIn.createWrappingKey(`${RING}/tokens`);
    await expect(kms.findSigner(other)).rejects.toMatchObject({ code: 'wrong_kind' });
  });

  it('is a fault when it is forbidden, at once', async () => {
    standIn.faults.fail({ method: 'GetPublicKey', code: 'PERMISSION_DENIED', times: 9 });
    await expect(kms.findSigner(version)).rejects.toMatchObject({
      ...{ code: 'forbidden', key: version },
      message: expect.stringContaining('roles/cloudkms.signerVerifier') as string,
    });
    expect(standIn.faults.calls('GetPublicKey')).toBe(1);
  });

  it('is a fault of the signature when it is disabled in between', async () => {
    const signature = (await kms.findSigner(version))!.begin();
    standIn.setState(version, 'DISABLED');
    await expect(signature.finish()).rejects.toMatchObject({ code: 'not_enabled' });
    expect(standIn.faults.calls('AsymmetricSign')).toBe(1);
  });

  it('is not found while it refuses to sign, although its public key is still shown', async () => {
    const signature = (await kms.findSigner(version))!.begin();
    standIn.faults.fail({ method: 'AsymmetricSign', code: 'FAILED_PRECONDITION', times: 3 });
    await expect(signature.finish()).rejects.toMatchObject({ code: 'not_enabled' });
    expect(await kms.findSigner(version)).toBeUndefined();
    expect(await kms.findSigner(version)).toBeUndefined();
    expect(await canSign(kms)).toBe(true);
    expect(standIn.faults.calls('AsymmetricSign')).toBe(5);
  });

  it('is not tried out again once it has signed', async () => {
    const signature = (await kms.findSigner(version))!.begin();
    standIn.faults.fail({ method: 'AsymmetricSign', code: 'FAILED_PRECONDITION' });
    await expect(signature.finish()).rejects.toMatchObject({ code: 'not_enabled' });
    await kms.findSigner(version);
    await kms.findSigner(version);
    expect(standIn.faults.calls('AsymmetricSign')).toBe(2);
  });

  it('is a fault when another public key appears under its name', async () => {
    const first = await startKmsStandIn();
    first.createSigningKey(key);
    const client = await openKms({ ...machine, endpoint: first.address });
    expect(await canSign(client)).toBe(true);
    await first.close();
    const second = await startKmsStandIn({ port: Number(first.address.split(':')[1]) });
    second.createSigningKey(key);
    const unseen = second.createSigningKey(`${key}-unseen`);
    // A call may still go out on the connection that was cut.
    const isBack = async () => await client.findSigner(unseen).catch(() => undefined);
    while ((await isBack()) === undefined);
    await expect(client.findSigner(version)).rejects.toMatchObject({ code: 'corrupt' });
    await client.close();
    await second.close();
  });
});

describe('what was changed on its way', () => {
  const changes = [
    ['GetPublicKey', 'name'],
    ['GetPublicKey', 'pem'],
    ['GetPublicKey', 'pemCrc32c'],
    ['AsymmetricSign', 'name'],
    ['AsymmetricSign', 'signature'],
    ['AsymmetricSign', 'signatureCrc32c'],
    ['AsymmetricSign', 'verifiedDigestCrc32c'],
  ] as const;

  it.each(changes)('in the answer to %s is asked for again: %s', async (method, field) => {
    standIn.faults.corrupt({ method, field });
    const signature = await signText('one');
    expect(standIn.faults.calls(method)).toBe(2);
    expect(verifies('one', await publicKey(), signature)).toBe(true);
  });

  it.each(changes)('in every answer to %s is never used: %s', async (method, field) => {
    standIn.faults.corrupt({ method, field, times: 99 });
    await expect(signText('one')).rejects.toMatchObject({ code: 'corrupt', key: version });
    expect(standIn.faults.calls(method)).toBe(4);
  });

  it.each(['digest', 'digestCrc32c'])('in a request is sent again: %s', async (field) => {
    standIn.faults.corrupt({ method: 'AsymmetricSign', of: 'request', field });
    expect(verifies('one', await publicKey(), await signText('one'))).toBe(true);
    expect(standIn.faults.calls('AsymmetricSign')).toBe(2);
  });

  it('in every request signs nothing', async () => {
    standIn.faults.corrupt({ method: 'AsymmetricSign', of: 'request', field: 'digest', times: 99 });
    await expect(signText('one')).rejects.toMatchObject({ code: 'failed' });
    expect(standIn.faults.calls('AsymmetricSign')).toBe(2);
  });

  it('together with its checksum is caught by the public key', async () => {
    standIn.faults.corrupt({ method: 'AsymmetricSign', field: 'signature', consistent: true });
    await expect(signText('one')).rejects.toMatchObject({ code: 'corrupt', key: version });
    expect(standIn.faults.calls('AsymmetricSign')).toBe(1);
  });

  it('in a public key together with its checksum is no public key', async () => {
    standIn.faults.corrupt({ method: 'GetPublicKey', field: 'pem', consistent: true, times: 99 });
    await expect(kms.findSigner(version)).rejects.toMatchObject({ code: 'corrupt' });
  });
});
