import { Client, Metadata, credentials, status } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { createHash, createVerify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { crc32cOf } from './crc32c.ts';
import { type KmsStandIn, startKmsStandIn } from './start-kms.ts';

const SERVICE = 'google.cloud.kms.v1.KeyManagementService';
const RING = 'projects/demo/locations/europe-west1/keyRings/keyserver/cryptoKeys';
const SIGNING = `${RING}/exports/cryptoKeyVersions/1`;
const WRAPPING = `${RING}/tokens`;
const DIGEST = createHash('sha256').update('one').digest();

let standIn: KmsStandIn;
let client: Client;

type Answer = Record<string, unknown>;
type Codec = (message: object) => Buffer;

/** Calls a method of the stand-in without Google's client. */
let call: (method: string, request: object) => Promise<Answer>;

beforeAll(async () => {
  standIn = await startKmsStandIn();
  standIn.createSigningKey(`${RING}/exports`);
  standIn.createWrappingKey(WRAPPING);
  client = new Client(standIn.address, credentials.createInsecure());
  call = await callerOf(client);
});

beforeEach(() => {
  standIn.faults.clear();
  standIn.setState(SIGNING, 'ENABLED');
});

afterAll(async () => {
  client.close();
  await standIn.close();
});

async function callerOf(grpc: Client): Promise<typeof call> {
  const path = createRequire(import.meta.url).resolve('@google-cloud/kms/build/protos/protos.json');
  const json = JSON.parse(await readFile(path, 'utf8')) as Parameters<typeof fromJSON>[0];
  const service = fromJSON(json, { longs: Number, enums: String })[SERVICE] as unknown as Record<
    string,
    { path: string; requestSerialize: Codec; responseDeserialize: (bytes: Buffer) => Answer }
  >;
  return async (method, request) => {
    const { path: at, requestSerialize, responseDeserialize } = service[method]!;
    return await new Promise<Answer>((resolve, reject) => {
      const deadline = { deadline: Date.now() + 20_000 };
      const done = (error: Error | null, answer?: Answer): void => {
        if (error === null) resolve(answer!);
        else reject(error);
      };
      const metadata = new Metadata();
      grpc.makeUnaryRequest(
        at,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        deadline,
        done,
      );
    });
  };
}

const crc = (bytes: Uint8Array): object => ({ value: crc32cOf(bytes) });
const sign = async (of: object): Promise<Answer> =>
  await call('AsymmetricSign', { name: SIGNING, digest: { sha256: DIGEST }, ...of });

describe('the stand-in for Cloud KMS', () => {
  it('signs a digest as its public key verifies, and says that it checked the checksum', async () => {
    const answer = await sign({ digestCrc32c: crc(DIGEST) });
    const { pem } = await call('GetPublicKey', { name: SIGNING });
    const signature = answer['signature'] as Buffer;
    expect(createVerify('sha256').update('one').verify(String(pem), signature)).toBe(true);
    expect(answer).toMatchObject({
      ...{ name: SIGNING, verifiedDigestCrc32c: true, signatureCrc32c: crc(signature) },
    });
  });

  it('says that it checked nothing when it was given no checksum', async () => {
    expect((await sign({}))['verifiedDigestCrc32c']).not.toBe(true);
  });

  it.each([0, 31, 33, 48])('refuses a digest of %i bytes', async (length) => {
    const refused = sign({ digest: { sha256: Buffer.alloc(length) } });
    await expect(refused).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('refuses a digest of another kind', async () => {
    const refused = sign({ digest: { sha512: Buffer.alloc(32) } });
    await expect(refused).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('refuses a digest that is not what its checksum says', async () => {
    const refused = sign({ digestCrc32c: crc(Buffer.from('another')) });
    await expect(refused).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it.each(['DISABLED', 'DESTROYED'] as const)('refuses to use a version %s', async (state) => {
    standIn.setState(SIGNING, state);
    const refused = { code: status.FAILED_PRECONDITION };
    await expect(sign({})).rejects.toMatchObject(refused);
    await expect(call('GetPublicKey', { name: SIGNING })).rejects.toMatchObject(refused);
    expect(await call('GetCryptoKeyVersion', { name: SIGNING })).toMatchObject({ state });
  });

  it.each([
    ['GetPublicKey', `${RING}/exports/cryptoKeyVersions/2`, 'NOT_FOUND'],
    ['GetPublicKey', `${RING}/exports`, 'INVALID_ARGUMENT'],
    ['GetCryptoKey', `${RING}/none`, 'NOT_FOUND'],
    ['Encrypt', `${RING}/none`, 'NOT_FOUND'],
    ['Encrypt', `${RING}/exports`, 'FAILED_PRECONDITION'],
    ['Decrypt', `${RING}/none`, 'NOT_FOUND'],
    ['GetPublicKey', `${WRAPPING}/cryptoKeyVersions/1`, 'FAILED_PRECONDITION'],
    ['ListCryptoKeys', WRAPPING, 'UNIMPLEMENTED'],
  ] as const)('refuses %s of %s: %s', async (method, name, code) => {
    await expect(call(method, { name })).rejects.toMatchObject({ code: status[code] });
  });

  it('takes 64 KiB and no more', async () => {
    const encrypt = async (plaintext: number, additionalAuthenticatedData: number) =>
      await call('Encrypt', {
        ...{ name: WRAPPING, plaintext: Buffer.alloc(plaintext) },
        additionalAuthenticatedData: Buffer.alloc(additionalAuthenticatedData),
      });
    expect(await encrypt(65_536, 65_536)).toHaveProperty('ciphertext');
    const refused = { code: status.INVALID_ARGUMENT };
    await expect(encrypt(65_537, 0)).rejects.toMatchObject(refused);
    await expect(encrypt(0, 65_537)).rejects.toMatchObject(refused);
  });

  it('fails only the calls that were planned to', async () => {
    standIn.faults.fail({ method: 'AsymmetricSign', code: 'INTERNAL', times: 1, after: 1 });
    expect(await sign({})).toHaveProperty('signature');
    await expect(sign({})).rejects.toMatchObject({ code: status.INTERNAL });
    expect(await sign({})).toHaveProperty('signature');
    expect(standIn.faults.calls('AsymmetricSign')).toBe(3);
    expect(standIn.faults.calls('Encrypt')).toBe(0);
  });

  it('breaks the connection', async () => {
    standIn.faults.cut({ method: 'AsymmetricSign', when: 'after' });
    await expect(sign({})).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });
});
