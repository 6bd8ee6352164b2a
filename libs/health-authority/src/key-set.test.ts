import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { parsePublicKey, readKeySet } from './index.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = (kid: string, { publicKey } = pair): Record<string, unknown> => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
});
const pem = ({ publicKey } = pair): string =>
  parsePublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString())!;
const rsa = {
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }),
  kid: 'r1',
};

describe('reading what an authority serves', () => {
  const set = [jwk('k1'), jwk('k2', other)];
  it.each([
    ['a bare array', set],
    ['a JWK Set', { keys: set }],
    ['a JWK Set with members that nobody knows', { keys: set, issuer: 'x' }],
    ['keys for other uses among them', [rsa, ...set, { ...jwk('k3'), use: 'enc' }]],
  ])('takes %s', (_what, answer) => {
    expect(readKeySet(answer)).toEqual({
      kind: 'keys',
      keys: [
        { version: 'k1', publicKey: pem() },
        { version: 'k2', publicKey: pem(other) },
      ],
    });
  });

  it('takes a key that says what it is for, and one that is named twice, once', () => {
    const said = {
      ...jwk('k1'),
      use: 'sig',
      alg: 'ES256',
      key_ops: ['verify'],
      exp: null,
      d: null,
    };
    expect(readKeySet([said, jwk('k1')])).toMatchObject({ keys: [{ version: 'k1' }] });
  });

  it('takes one key under two kids as two', () => {
    expect(readKeySet([jwk('a'), jwk('b')])).toMatchObject({
      keys: [
        { version: 'a', publicKey: pem() },
        { version: 'b', publicKey: pem() },
      ],
    });
  });

  it.each([
    ['no list', 7, 'not_a_key_set'],
    ['null', null, 'not_a_key_set'],
    ['text', 'keys', 'not_a_key_set'],
    ['an object without keys', {}, 'not_a_key_set'],
    ['keys that are no list', { keys: {} }, 'not_a_key_set'],
    ['keys that it only inherits', Object.create({ keys: set }), 'not_a_key_set'],
    ['an empty array', [], 'empty'],
    ['an empty set', { keys: [] }, 'empty'],
    ['101 keys', Array.from({ length: 101 }, (_, n) => jwk(`k${n}`)), 'too_many'],
    ['no key that can be used', [rsa, { ...jwk('k'), alg: 'ES384' }], 'no_usable_key'],
    ['only keys for encryption', [{ ...jwk('k'), use: 'enc' }], 'no_usable_key'],
    [
      'only keys that sign but do not verify',
      [{ ...jwk('k'), key_ops: ['sign'] }],
      'no_usable_key',
    ],
    ['only keys of another curve', [{ ...jwk('k'), crv: 'P-384' }], 'no_usable_key'],
    [
      'a private key',
      [...set, { ...pair.privateKey.export({ format: 'jwk' }), kid: 'p' }],
      'private_key',
    ],
    ['a private key of another kind', [...set, { ...rsa, d: 'AQAB' }], 'private_key'],
    ['a shared secret', [...set, { kty: 'oct', k: 'AAAA', kid: 's' }], 'private_key'],
    ['an entry that is no object', [...set, 'k'], 'malformed_key'],
    ['an entry that is a list', [...set, []], 'malformed_key'],
    ['a key without a kind', [...set, { kid: 'k' }], 'malformed_key'],
    ['a key without a kid', [...set, { ...jwk('k'), kid: undefined }], 'malformed_key'],
    ['a kid that is a number', [...set, { ...jwk('k'), kid: 7 }], 'malformed_key'],
    ['an empty kid', [...set, jwk('')], 'malformed_key'],
    ['a kid of two lines', [...set, jwk('a\nb')], 'malformed_key'],
    ['a kid of 201 characters', [...set, jwk('k'.repeat(201))], 'malformed_key'],
    ['a key without y', [...set, { ...jwk('k'), y: undefined }], 'malformed_key'],
    [
      'a coordinate with padding',
      [...set, { ...jwk('k'), x: `${'A'.repeat(43)}=` }],
      'malformed_key',
    ],
    ['a coordinate that is short', [...set, { ...jwk('k'), x: 'AQAB' }], 'malformed_key'],
    [
      'a coordinate with bits to spare',
      [...set, { ...jwk('k'), x: `${'A'.repeat(42)}B` }],
      'malformed_key',
    ],
    [
      'a point that is not on the curve',
      [...set, { ...jwk('k'), y: jwk('o', other)['x'] }],
      'malformed_key',
    ],
    [
      'the point at infinity',
      [...set, { ...jwk('k'), x: 'A'.repeat(43), y: 'A'.repeat(43) }],
      'malformed_key',
    ],
    [
      'a coordinate beyond the field',
      [...set, { ...jwk('k'), x: `${'_'.repeat(42)}8` }],
      'malformed_key',
    ],
    ['one kid for two keys', [jwk('k'), jwk('k', other)], 'kid_twice'],
  ])('refuses the whole answer for %s', (_what, answer, problem) => {
    expect(readKeySet(answer)).toEqual({ kind: 'refused', problem });
  });

  it('throws for nothing, and takes nothing but P-256 keys with a kid', () => {
    const field = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom(...Object.values(jwk('k'))),
    );
    const name = fc.constantFrom('kty', 'crv', 'x', 'y', 'kid', 'use', 'alg', 'key_ops', 'd', 'n');
    const changed = fc
      .tuple(fc.constantFrom(jwk('a'), jwk('b', other)), fc.dictionary(name, field, { maxKeys: 2 }))
      .map(([key, change]) => ({ ...key, ...change }));
    const entries = fc.array(fc.oneof(changed, fc.jsonValue({ maxDepth: 2 })), { maxLength: 4 });
    const answers = fc.oneof(
      entries,
      entries.map((keys) => ({ keys })),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(answers, (answer) => {
        const reading = readKeySet(answer);
        for (const { version, publicKey } of reading.kind === 'keys' ? reading.keys : []) {
          expect(parsePublicKey(publicKey)).toBe(publicKey);
          expect(version).not.toBe('');
        }
      }),
      { numRuns: 300 },
    );
  });
});
