import { X509Certificate } from 'node:crypto';
import { type Flaws, appleAuthority, attest, payloadOf } from '@keyserver/stand-ins/attestation';
import { DAY, unixMillis } from '@keyserver/time';
import { APP_ATTEST_CLAIMS, type AttestationQuestion, appAttestVerifier } from './app-attest.ts';
import { MAX_OBJECT_BYTES } from './app-attest-payload.ts';
import type { AppAttestPolicy } from './policy.ts';

const NOW = unixMillis(Date.UTC(2026, 10, 20, 12));
const APP = 'TEAMID1234.org.example.en';
const DIGEST = new Uint8Array(32).fill(7);

const policy: AppAttestPolicy = {
  teamId: 'TEAMID1234',
  bundleIds: ['org.example.other', 'org.example.en'],
  environments: ['production'],
  requireCategory: false,
};

const authority = await appleAuthority(NOW);
const verify = appAttestVerifier(new X509Certificate(authority.root));

async function outcomeOf(
  flaws: Flaws = {},
  change: Partial<AttestationQuestion> = {},
): Promise<string> {
  const { payload } = await attest(authority, {
    ...{ appId: APP, clientDataHash: DIGEST, now: NOW, flaws },
  });
  const verdict = verify({ payload, clientDataHash: DIGEST, policy, now: NOW, ...change });
  return verdict.kind === 'ok' ? 'ok' : `${verdict.failure}: ${verdict.reason}`;
}

const category = (number: number) => ({
  apple_bundle_version_01: '7',
  apple_validation_category_01: Uint8Array.of(number, 0, 0, 0),
});

const IOS_27 = { extensions: category(4) };

describe('appAttestVerifier', () => {
  it('accepts a genuine attestation and says what it proves', async () => {
    const { payload, keys } = await attest(authority, {
      ...{ appId: APP, clientDataHash: DIGEST, now: NOW },
    });
    expect(verify({ payload, clientDataHash: DIGEST, policy, now: NOW })).toMatchObject({
      kind: 'ok',
      facts: { appId: APP, environment: 'production', category: undefined },
    });
    expect(keys.publicKey.type).toBe('public');
  });

  it.each<[string, Flaws]>([
    ['iOS 27, whose example leaves the flag of extensions clear', IOS_27],
    ['iOS 27 with that flag set', { ...IOS_27, flags: 0xc0 }],
    [
      'the spelling of Apple’s steps for assertions',
      {
        extensions: { bundleVersion: '7', validationCategory: Uint8Array.of(4, 0, 0, 0) },
      },
    ],
    ['extensions with names that are not known', { extensions: { later: 1 } }],
  ])('accepts %s', async (_name, flaws) => {
    expect(await outcomeOf(flaws)).toBe('ok');
  });

  it('reads the category as a little-endian number', async () => {
    const { payload } = await attest(authority, {
      ...{ appId: APP, clientDataHash: DIGEST, now: NOW },
      flaws: { extensions: category(4) },
    });
    expect(verify({ payload, clientDataHash: DIGEST, policy, now: NOW })).toMatchObject({
      facts: { category: 4, bundleVersion: '7' },
    });
  });

  // In each only the check under test fails: flaws are made before anything is signed.
  it.each<[reason: string, why: string, flaws: Flaws]>([
    ['malformed: flags', 'flags that Apple does not use', { flags: 0x41 }],
    [
      'untrusted: leaf_is_ca',
      'a first certificate that is an authority',
      { leafIsAuthority: true },
    ],
    [
      'untrusted: certificate_validity',
      'a first certificate that has ended',
      { validTo: NOW - 1_000 },
    ],
    ['untrusted: certificate_validity', 'one that has not begun', { validFrom: NOW + 1_000 }],
    ['untrusted: nonce_extension', 'no nonce', { nonces: () => [] }],
    [
      'untrusted: nonce_extension',
      'a bare nonce',
      {
        nonces: (nonce) => [Buffer.concat([Uint8Array.of(0x04, 0x20), nonce])],
      },
    ],
    [
      'untrusted: nonce_extension',
      'two nonces in one extension',
      {
        nonces: (nonce) => {
          const one = Buffer.concat([Uint8Array.of(0xa1, 0x22, 0x04, 0x20), nonce]);
          return [Buffer.concat([Uint8Array.of(0x30, 0x48), one, one])];
        },
      },
    ],
    ['untrusted: leaf_key', 'a key on another curve', { curve: 'P-384', otherCredentialKey: true }],
    [
      'untrusted: credential_id',
      'the credential id of another key',
      { credentialId: new Uint8Array(32) },
    ],
    ['untrusted: credential_key', 'the key of somebody else', { otherCredentialKey: true }],
    ['untrusted: counter', 'a key that was used before', { counter: 1 }],
    ['untrusted: aaguid', 'an environment that Apple has not', { aaguid: '\0'.repeat(16) }],
    ['untrusted: aaguid', 'production with another end', { aaguid: 'appattest\0\0\0\0\0\0\x01' }],
    [
      'policy: environment',
      'development, which begins like production',
      { aaguid: 'appattestdevelop' },
    ],
    ['policy: category', 'a category that is invalid by itself', { extensions: category(0) }],
  ])('refuses as %s %s', async (expected, _why, flaws) => {
    expect(await outcomeOf(flaws)).toBe(expected);
  });

  it.each<[reason: string, why: string, change: Partial<AttestationQuestion>, flaws: Flaws]>([
    ['binding: nonce', 'another upload', { clientDataHash: new Uint8Array(32) }, {}],
    [
      'untrusted: app_id',
      'another bundle',
      { policy: { ...policy, bundleIds: ['org.other'] } },
      {},
    ],
    ['untrusted: app_id', 'another team', { policy: { ...policy, teamId: 'TEAMID9999' } }, {}],
    [
      'policy: category_missing',
      'no category where one is required',
      {
        policy: { ...policy, requireCategory: true },
      },
      {},
    ],
    [
      'policy: category',
      'a category that is not wanted',
      {
        policy: { ...policy, categories: [2] },
      },
      IOS_27,
    ],
  ])('refuses as %s for %s', async (expected, _why, change, flaws) => {
    expect(await outcomeOf(flaws, change)).toBe(expected);
  });

  it.each<[why: string, flaws: Flaws]>([
    ['another format', { format: 'packed' }],
    ['one certificate', { certificates: (leaf) => [leaf] }],
    [
      'three certificates',
      { certificates: (leaf, { intermediate, root }) => [leaf, intermediate, root] },
    ],
    ['a credential id of 31 bytes', { credentialId: new Uint8Array(31) }],
    ['a trailing byte', { bytes: (bytes) => Buffer.concat([bytes, Uint8Array.of(0)]) }],
    ['a member too many', { object: (object) => ({ ...object, more: 1 }) }],
    ['a member missing', { object: ({ authData, fmt }) => ({ authData, fmt }) }],
    [
      'authenticator data that ends too early',
      {
        object: (object) => ({ ...object, authData: new Uint8Array(36) }),
      },
    ],
    [
      'something after the extensions',
      {
        object: (object) => ({
          ...object,
          authData: Buffer.concat([bytesOf(object['authData']), Uint8Array.of(0xa0, 0x00)]),
        }),
      },
    ],
    ['extensions that are no map', { extensions: [1] as never }],
    [
      'both spellings of an extension',
      { extensions: { bundleVersion: '1', apple_bundle_version_01: '2' } },
    ],
    ['a category of another length', { extensions: { validationCategory: Uint8Array.of(4) } }],
    ['a version that is no text', { extensions: { bundleVersion: 7 } }],
    [
      'a receipt that is no bytes',
      {
        object: (object) => ({
          ...object,
          attStmt: { x5c: [new Uint8Array(1), new Uint8Array(1)], receipt: 1 },
        }),
      },
    ],
  ])('refuses as malformed an object with %s', async (_why, flaws) => {
    expect(await outcomeOf(flaws)).toBe('malformed: object');
  });

  it.each<[why: string, change: (leaf: Uint8Array) => Uint8Array]>([
    ['a trailing byte', (leaf) => Buffer.concat([leaf, Uint8Array.of(0)])],
    ['PEM, which Node would read', (leaf) => Buffer.from(new X509Certificate(leaf).toString())],
    ['nothing in it', () => new Uint8Array()],
    ['DER that is no certificate', () => Uint8Array.of(0x30, 0x02, 0x30, 0x00)],
  ])('refuses as malformed a certificate with %s', async (_why, change) => {
    expect(
      await outcomeOf({ certificates: (leaf, { intermediate }) => [change(leaf), intermediate] }),
    ).toBe('malformed: certificates');
  });

  it.each<[why: string, change: (payload: string) => string]>([
    ['no key id', (payload) => payload.split('.')[1] ?? ''],
    ['a third part', (payload) => `${payload}.AA`],
    ['padding', (payload) => `${payload}=`],
    ['the other alphabet', (payload) => payload.replace('.', '+.')],
    [
      'a key id of 31 bytes',
      (payload) => `${Buffer.alloc(31).toString('base64url')}.${payload.split('.')[1] ?? ''}`,
    ],
    [
      'an object that is too large',
      () =>
        payloadOf(
          new Uint8Array(32),
          new Uint8Array(MAX_OBJECT_BYTES['app-attest-attestation'] + 1),
        ),
    ],
  ])('refuses as malformed a payload with %s', async (_why, change) => {
    const { payload } = await attest(authority, {
      ...{ appId: APP, clientDataHash: DIGEST, now: NOW },
    });
    expect(verify({ payload: change(payload), clientDataHash: DIGEST, policy, now: NOW })).toEqual({
      kind: 'refused',
      failure: 'malformed',
      reason: 'payload',
    });
  });

  it('refuses the key id of another key', async () => {
    const { object } = await attest(authority, {
      ...{ appId: APP, clientDataHash: DIGEST, now: NOW },
    });
    const payload = payloadOf(new Uint8Array(32), object);
    expect(verify({ payload, clientDataHash: DIGEST, policy, now: NOW })).toMatchObject({
      ...{ failure: 'untrusted', reason: 'key_id' },
    });
  });

  it('refuses certificates in the wrong order', async () => {
    expect(
      await outcomeOf({ certificates: (leaf, { intermediate }) => [intermediate, leaf] }),
    ).toBe('untrusted: intermediate_not_ca');
  });

  it('refuses the authority of somebody else, also where names are the same', async () => {
    const other = await appleAuthority(NOW);
    const { payload } = await attest(other, { appId: APP, clientDataHash: DIGEST, now: NOW });
    expect(verify({ payload, clientDataHash: DIGEST, policy, now: NOW })).toMatchObject({
      ...{ failure: 'untrusted', reason: 'intermediate_issuer' },
    });
  });

  it('refuses a first certificate that the second did not sign', async () => {
    const other = await appleAuthority(NOW);
    const { payload } = await attest(other, {
      ...{ appId: APP, clientDataHash: DIGEST, now: NOW },
      flaws: { certificates: (leaf) => [leaf, authority.intermediate] },
    });
    expect(verify({ payload, clientDataHash: DIGEST, policy, now: NOW })).toMatchObject({
      ...{ failure: 'untrusted', reason: 'leaf_issuer' },
    });
  });

  it('refuses an intermediate that is no authority, or that has ended', async () => {
    for (const [flaws, reason] of [
      [{ intermediateIsNoAuthority: true }, 'intermediate_not_ca'],
      [{ intermediateEnds: NOW - DAY }, 'certificate_validity'],
    ] as const) {
      const flawed = await appleAuthority(NOW, flaws);
      const { payload } = await attest(flawed, { appId: APP, clientDataHash: DIGEST, now: NOW });
      const verifyIt = appAttestVerifier(new X509Certificate(flawed.root));
      expect(verifyIt({ payload, clientDataHash: DIGEST, policy, now: NOW })).toMatchObject({
        failure: 'untrusted',
        reason,
      });
    }
  });

  it('refuses everything once the root has ended', async () => {
    expect(await outcomeOf({}, { now: unixMillis(NOW + 400 * DAY) })).toBe(
      'untrusted: certificate_validity',
    );
  });

  it('remembers which intermediates the root signed, not which it did not', async () => {
    const other = await appleAuthority(NOW);
    const foreign = await attest(other, { appId: APP, clientDataHash: DIGEST, now: NOW });
    const question = { payload: foreign.payload, clientDataHash: DIGEST, policy, now: NOW };
    expect([verify(question), verify(question)].map(({ kind }) => kind)).toEqual([
      'refused',
      'refused',
    ]);
  });

  it('names each check once, so that a reason tells which failed', () => {
    const reasons = APP_ATTEST_CLAIMS.map(({ reason }) => reason);
    expect(new Set(reasons).size).toBe(reasons.length);
  });
});

const bytesOf = (value: unknown): Uint8Array =>
  value instanceof Uint8Array ? value : new Uint8Array();
