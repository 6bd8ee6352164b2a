import { machine } from '../../../test/support/machine.ts';
import { keyWrapperContract } from '@keyserver/revision-token/testing';
import { type KmsStandIn, startKmsStandIn } from '@keyserver/stand-ins/kms';
import { type CloudKms, openKms } from './index.ts';

const RING = 'projects/demo/locations/europe-west1/keyRings/keyserver/cryptoKeys';
const DATA_KEY = Buffer.alloc(32, 7);
const AAD = Buffer.from('data key 1');

let standIn: KmsStandIn;
let kms: CloudKms;
let another: CloudKms;
let made = 0;
/** A key of each test's own. */
let key = '';

beforeAll(async () => {
  standIn = await startKmsStandIn();
  standIn.createWrappingKey(`${RING}/others`);
  kms = await openKms({ ...machine, endpoint: standIn.address });
  another = await openKms({ ...machine, endpoint: standIn.address });
});

beforeEach(() => {
  standIn.faults.clear();
  key = `${RING}/revision-tokens-${made++}`;
  standIn.createWrappingKey(key);
});

afterAll(async () => {
  await Promise.all([kms.close(), another.close()]);
  await standIn.close();
});

keyWrapperContract('Cloud KMS', () =>
  Promise.resolve({
    wrapper: kms.wrapperFor(key),
    again: another.wrapperFor(key),
    stranger: kms.wrapperFor(`${RING}/others`),
  }),
);

describe('a wrapping key of Cloud KMS', () => {
  it('unwraps what an earlier version has wrapped', async () => {
    const wrapped = await kms.wrapperFor(key).wrap(DATA_KEY, AAD);
    standIn.addVersion(key);
    expect(await kms.wrapperFor(key).unwrap(wrapped, AAD)).toEqual(DATA_KEY);
    const next = await kms.wrapperFor(key).wrap(DATA_KEY, AAD);
    expect(await kms.wrapperFor(key).unwrap(next, AAD)).toEqual(DATA_KEY);
  });

  it('is a fault, and not a refusal, while the version that wrapped is disabled', async () => {
    const wrapped = await kms.wrapperFor(key).wrap(DATA_KEY, AAD);
    standIn.setState(`${key}/cryptoKeyVersions/1`, 'DISABLED');
    standIn.addVersion(key);
    const unwrapping = kms.wrapperFor(key).unwrap(wrapped, AAD);
    await expect(unwrapping).rejects.toMatchObject({ code: 'not_enabled', key });
  });

  it.each([
    ['PERMISSION_DENIED', 'forbidden'],
    ['UNAUTHENTICATED', 'forbidden'],
    ['NOT_FOUND', 'not_found'],
    ['FAILED_PRECONDITION', 'not_enabled'],
    ['RESOURCE_EXHAUSTED', 'failed'],
    ['INTERNAL', 'failed'],
  ] as const)('is a fault at once when the answer is %s', async (status, code) => {
    for (const method of ['Encrypt', 'Decrypt'])
      standIn.faults.fail({ method, code: status, times: 99 });
    const wrapper = kms.wrapperFor(key);
    await expect(wrapper.wrap(DATA_KEY, AAD)).rejects.toMatchObject({ code, key });
    await expect(wrapper.unwrap(DATA_KEY, AAD)).rejects.toMatchObject({ code, key });
    expect([standIn.faults.calls('Encrypt'), standIn.faults.calls('Decrypt')]).toEqual([1, 1]);
  });

  it('does not wrap more than Cloud KMS takes', async () => {
    const wrapper = kms.wrapperFor(key);
    const tooLong = Buffer.alloc(65_537);
    await expect(wrapper.wrap(tooLong, AAD)).rejects.toMatchObject({ code: 'failed' });
    await expect(wrapper.wrap(DATA_KEY, tooLong)).rejects.toMatchObject({ code: 'failed' });
  });

  it.each([
    '',
    'tokens',
    `${RING}/tokens/cryptoKeyVersions/1`,
    `${RING}/tokens `,
    'projects/p/keyRings/r',
  ])('cannot be named %j', (name) => {
    expect(() => kms.wrapperFor(name)).toThrow('is not the full name of a key');
  });
});

describe('a data key that is changed on its way', () => {
  const changes = [
    ['Encrypt', 'name'],
    ['Encrypt', 'ciphertext'],
    ['Encrypt', 'ciphertextCrc32c'],
    ['Encrypt', 'verifiedPlaintextCrc32c'],
    ['Encrypt', 'verifiedAdditionalAuthenticatedDataCrc32c'],
    ['Decrypt', 'plaintext'],
    ['Decrypt', 'plaintextCrc32c'],
  ] as const;

  const roundTrip = async (): Promise<Uint8Array | undefined> => {
    const wrapper = kms.wrapperFor(key);
    return await wrapper.unwrap(await wrapper.wrap(DATA_KEY, AAD), AAD);
  };

  it.each(changes)('in an answer to %s is asked for again: %s', async (method, field) => {
    standIn.faults.corrupt({ method, field });
    expect(await roundTrip()).toEqual(DATA_KEY);
    expect(standIn.faults.calls(method)).toBe(2);
  });

  it.each(changes)('in every answer to %s is never used: %s', async (method, field) => {
    standIn.faults.corrupt({ method, field, times: 99 });
    await expect(roundTrip()).rejects.toMatchObject({ code: 'corrupt', key });
    expect(standIn.faults.calls(method)).toBe(4);
  });

  it.each([
    ['Encrypt', 'plaintext'],
    ['Encrypt', 'plaintextCrc32c'],
    ['Encrypt', 'additionalAuthenticatedData'],
    ['Encrypt', 'additionalAuthenticatedDataCrc32c'],
    ['Decrypt', 'ciphertext'],
    ['Decrypt', 'ciphertextCrc32c'],
    ['Decrypt', 'additionalAuthenticatedData'],
    ['Decrypt', 'additionalAuthenticatedDataCrc32c'],
  ])('in a request of %s is sent again: %s', async (method, field) => {
    standIn.faults.corrupt({ method, of: 'request', field });
    expect(await roundTrip()).toEqual(DATA_KEY);
    expect(standIn.faults.calls(method)).toBe(2);
  });
});
