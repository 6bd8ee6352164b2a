import { machine } from '../../../test/support/machine.ts';
import { type Random, systemRandom } from '@keyserver/random';
import { type KmsStandIn, startKmsStandIn } from '@keyserver/stand-ins/kms';
import { type CloudKms, openKms } from './index.ts';

const RING = 'projects/demo/locations/europe-west1/keyRings/keyserver/cryptoKeys';
/** Chance that always makes the shortest pause between two attempts. */
const briefly: Random = { ...systemRandom, below: () => 0 };

let standIn: KmsStandIn;
let kms: CloudKms;
let made = 0;
/** Keys of each test's own, and their first versions. */
let signingKey = '';
let signing = '';
let wrapping = '';
let wrappingVersion = '';

beforeAll(async () => {
  standIn = await startKmsStandIn();
  kms = await openKms({ ...machine, endpoint: standIn.address, random: briefly });
});

beforeEach(() => {
  standIn.faults.clear();
  made++;
  signingKey = `${RING}/exports-${made}`;
  wrapping = `${RING}/revision-tokens-${made}`;
  signing = standIn.createSigningKey(signingKey);
  wrappingVersion = standIn.createWrappingKey(wrapping);
});

afterAll(async () => {
  await kms.close();
  await standIn.close();
});

/** Problem and message of each key that has one. */
const found = async (keys: Parameters<CloudKms['check']>[0]): Promise<readonly string[]> =>
  (await kms.check(keys)).map(({ code, message }) => `${code}: ${message}`);

describe('a check of keys', () => {
  it('finds nothing wrong with keys that can be used', async () => {
    const keys = { signing: [signing], wrapping: [wrapping] };
    expect(await found(keys)).toEqual([]);
  });

  it('finds nothing when there are no keys', async () => {
    expect(await found({})).toEqual([]);
  });

  it.each(['DISABLED', 'DESTROYED', 'DESTROY_SCHEDULED', 'PENDING_GENERATION'] as const)(
    'names versions that are %s',
    async (state) => {
      standIn.setState(signing, state);
      standIn.setState(wrappingVersion, state);
      expect(await found({ signing: [signing], wrapping: [wrapping] })).toEqual([
        `not_enabled: ${signing} is ${state}: enable it, or name another`,
        `not_enabled: ${wrappingVersion} is ${state}: enable it, or name another`,
      ]);
    },
  );

  it('names a version that is disabled even if this account may not see its state', async () => {
    for (const method of ['GetCryptoKey', 'GetCryptoKeyVersion'])
      standIn.faults.fail({ method, code: 'PERMISSION_DENIED', times: 99 });
    standIn.setState(signing, 'DISABLED');
    standIn.setState(wrappingVersion, 'DISABLED');
    expect(await found({ signing: [signing], wrapping: [wrapping] })).toEqual([
      expect.stringContaining(`not_enabled: ${signing} cannot be used as it is`),
      expect.stringContaining(`not_enabled: ${wrapping} cannot be used as it is`),
    ]);
  });

  it('names keys that do not exist', async () => {
    const [noVersion, noKey] = [`${RING}/no/cryptoKeyVersions/1`, `${RING}/no`];
    expect(await found({ signing: [noVersion], wrapping: [noKey] })).toEqual([
      `not_found: ${noVersion} does not exist: correct its name, or create it`,
      `not_found: ${noKey} does not exist: correct its name, or create it`,
    ]);
  });

  it('names what can be no key', async () => {
    expect(await found({ signing: ['export-2024'], wrapping: [wrappingVersion] })).toEqual([
      expect.stringContaining('malformed_name: export-2024 is not the full name of a key version'),
      expect.stringContaining(`malformed_name: ${wrappingVersion} is not the full name of a key:`),
    ]);
  });

  it('names keys of another kind', async () => {
    const p384 = standIn.createSigningKey(`${RING}/p384-${made}`, 'EC_SIGN_P384_SHA384');
    const keys = { signing: [p384, wrappingVersion], wrapping: [signingKey] };
    expect(await found(keys)).toEqual([
      expect.stringContaining(`wrong_kind: ${p384} is of algorithm EC_SIGN_P384_SHA384`),
      expect.stringContaining('is of algorithm GOOGLE_SYMMETRIC_ENCRYPTION'),
      expect.stringContaining(`wrong_kind: ${signingKey} is of purpose ASYMMETRIC_SIGN`),
    ]);
  });

  it.each(['GetPublicKey', 'AsymmetricSign', 'Encrypt', 'Decrypt'])(
    'names a key that this account may not use by %s',
    async (method) => {
      standIn.faults.fail({ method, code: 'PERMISSION_DENIED', times: 99 });
      const keys = { signing: [signing], wrapping: [wrapping] };
      expect(await found(keys)).toEqual([
        expect.stringMatching(/^forbidden: .* grant the account/),
      ]);
    },
  );

  it('names a key that does not unwrap what it has wrapped', async () => {
    standIn.faults.fail({ method: 'Decrypt', code: 'INVALID_ARGUMENT', times: 99 });
    expect(await found({ wrapping: [wrapping] })).toEqual([
      `corrupt: ${wrapping} does not unwrap what it has wrapped`,
    ]);
  });

  it('says of every key that Cloud KMS is away, and of none when it is back', async () => {
    for (const method of ['GetPublicKey', 'Encrypt'])
      standIn.faults.fail({ method, code: 'UNAVAILABLE', times: 4 });
    const keys = { signing: [signing], wrapping: [wrapping] };
    expect((await kms.check(keys)).map(({ code }) => code)).toEqual(['unreachable', 'unreachable']);
    expect(await found(keys)).toEqual([]);
  });
});
