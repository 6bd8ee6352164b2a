import { createPublicKey } from 'node:crypto';
import {
  type AssertOrder,
  appleAuthority,
  assertWith,
  attest,
  payloadOf,
} from '@keyserver/stand-ins/attestation';
import { ASSERTION_CLAIMS, type RegisteredKey, verifyAssertion } from './app-attest-assertion.ts';
import { MAX_OBJECT_BYTES } from './app-attest-payload.ts';
import type { AppAttestPolicy } from './policy.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const APP = 'TEAMID1234.org.example.en';
const DIGEST = new Uint8Array(32).fill(7);
const policy: AppAttestPolicy = {
  ...{ teamId: 'TEAMID1234', bundleIds: ['org.example.en', 'org.example.second'] },
  ...{ environments: ['production'], requireCategory: false },
};
const category = (number: number) => ({ validationCategory: Uint8Array.of(number, 0, 0, 0) });

const authority = await appleAuthority(NOW);
const [device, otherDevice] = await Promise.all(
  [1, 2].map(async () => await attest(authority, { appId: APP, clientDataHash: DIGEST, now: NOW })),
);
if (device === undefined || otherDevice === undefined) throw new Error('no devices');
const order: AssertOrder = { appId: APP, clientDataHash: DIGEST, counter: 5 };
const key: RegisteredKey = {
  ...{ appId: APP, counter: 4 },
  publicKey: createPublicKey({
    key: Buffer.from(await crypto.subtle.exportKey('spki', device.keys.publicKey)),
    ...{ format: 'der', type: 'spki' },
  }),
};

async function outcomeOf(
  payload: string,
  stored: RegisteredKey | undefined = key,
  accepted: AppAttestPolicy = policy,
): Promise<string> {
  const verdict = await verifyAssertion({
    ...{ payload, clientDataHash: DIGEST, policy: accepted },
    findKey: async (keyId) =>
      await Promise.resolve(
        Buffer.compare(keyId, device?.keyId ?? keyId) === 0 ? stored : undefined,
      ),
  });
  return verdict.kind === 'ok' ? 'ok' : `${verdict.failure}: ${verdict.reason}`;
}

describe('verifyAssertion', () => {
  it('accepts a genuine assertion and says which counter to store', async () => {
    const payload = assertWith(device, { ...order, extensions: category(4) });
    expect(
      await verifyAssertion({
        ...{ payload, clientDataHash: DIGEST, policy },
        findKey: async () => await Promise.resolve(key),
      }),
    ).toMatchObject({ kind: 'ok', facts: { appId: APP, counter: 5, category: 4 } });
  });

  it.each<[string, Partial<AssertOrder>]>([
    ['the highest counter, read without sign', { counter: 0xffff_ffff }],
    ['the flag of extensions', { flags: 0xc0, extensions: category(2) }],
  ])('accepts %s', async (_name, change) => {
    expect(await outcomeOf(assertWith(device, { ...order, ...change }))).toBe('ok');
  });

  it.each<[expected: string, why: string, change: Partial<AssertOrder>]>([
    ['malformed: flags', 'flags that Apple does not use', { flags: 0x01 }],
    ['untrusted: signature', 'another upload', { clientDataHash: new Uint8Array(32) }],
    ['untrusted: signature', 'a nonce that was hashed only once', { hashedOnce: true }],
    [
      'untrusted: app_id',
      'an application that is not the policy’s',
      { appId: 'TEAMID1234.org.other' },
    ],
    [
      'untrusted: key_app',
      'another application of the policy',
      { appId: 'TEAMID1234.org.example.second' },
    ],
    ['replayed: counter', 'a counter that was seen', { counter: 4 }],
    ['replayed: counter', 'a lower counter', { counter: 0 }],
    ['policy: category', 'an invalid category', { extensions: category(0) }],
  ])('refuses as %s for %s', async (expected, _why, change) => {
    expect(await outcomeOf(assertWith(device, { ...order, ...change }))).toBe(expected);
  });

  it('refuses a key that is not known, which is normal after a new installation', async () => {
    expect(await outcomeOf(assertWith(otherDevice, order))).toBe('untrusted: unknown_key');
  });

  it('refuses the signature of another key', async () => {
    const other = { keyId: device.keyId, keys: otherDevice.keys };
    expect(await outcomeOf(assertWith(other, order))).toBe('untrusted: signature');
  });

  it('refuses no category where one is required', async () => {
    expect(
      await outcomeOf(assertWith(device, order), key, { ...policy, requireCategory: true }),
    ).toBe('policy: category_missing');
  });

  it.each([
    ['an attestation in its place', device.object],
    ['an empty map', Uint8Array.of(0xa0)],
    ['nothing', Uint8Array.of(0xf6)],
    ['too many bytes', new Uint8Array(MAX_OBJECT_BYTES['app-attest-assertion'] + 1)],
  ])('refuses as malformed %s', async (_why, object) => {
    expect(await outcomeOf(payloadOf(device.keyId, object))).toMatch(/^malformed: /);
  });

  it('names each check once', () => {
    const reasons = ASSERTION_CLAIMS.map(({ reason }) => reason);
    expect(new Set(reasons).size).toBe(reasons.length);
  });
});
