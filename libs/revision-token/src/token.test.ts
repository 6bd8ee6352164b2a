import { createHash } from 'node:crypto';
import type { RevisableKey } from '@keyserver/exposure-keys';
import { systemRandom } from '@keyserver/random';
import fc from 'fast-check';
import { RevisionTokenData } from '#generated/token.js';
import { type DataKey, openToken, parseToken, sealToken } from './token.ts';

// Vectors that two implementations of the reference's token agree on: data key 0x40 to 0x5f, nonce 0xa0 to 0xab.
const bytes = (from: number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, n) => from + n));
const DATA_KEY: DataKey = { id: 7, key: bytes(0x40, 32) };
const BOUND = bytes(0xf0, 16);
const KEYS: readonly RevisableKey[] = [
  { data: bytes(0, 16), start: 2_700_000, period: 144 },
  { data: bytes(0x10, 16), start: 2_700_144, period: 61 },
];
const TWO_KEYS =
  'CgE3ElOgoaKjpKWmp6ipqqvdlQwv4uqeLn1qR/mBtTr94xr7yPyPYInjxH6b49t06EqGYFDURTK28EOyhULxOdbyvOHC6uEvtcXYGgiCSV7JK7wypj8JPA==';
const WITH_ONE_FILLER =
  'CgE3EmegoaKjpKWmp6ipqqvdlQwv4uqeLn1qR/mBtTr94xr7yPyPYInjxH6b49t06EqGYFDURTK28EOyhULxOdbyvOHC6uEvGsh6jeVx3tWQh5m6EB724Zk2Py7jvkqx8sXtUZPcmkStBsBx';
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

const withNonce = { ...systemRandom, bytes: () => bytes(0xa0, 12) };
const seal = (keys: readonly RevisableKey[], dataKey = DATA_KEY): string =>
  sealToken(keys, { dataKey, bound: BOUND, random: systemRandom });
const open = (
  token: string,
  { key = DATA_KEY.key, bound = BOUND }: { key?: Uint8Array; bound?: Uint8Array } = {},
): readonly RevisableKey[] | undefined => {
  const sent = parseToken(token);
  return sent.kind === 'sealed' ? openToken(sent.data, { key, bound }) : undefined;
};
const plain = (keys: readonly RevisableKey[]) =>
  keys.map((key) => ({ ...key, data: Buffer.from(key.data) }));

describe('a revision token', () => {
  it('is the reference’s, byte for byte', () => {
    const token = sealToken(KEYS, { dataKey: DATA_KEY, bound: BOUND, random: withNonce });
    expect(token).toHaveLength(812);
    expect(token.startsWith('CgE3EtsEoKGio6Slpqeoqaqr3ZUML+Lqni59akf5')).toBe(true);
    const envelope = Buffer.from(token, 'base64');
    expect(envelope).toHaveLength(609);
    expect(sha256(envelope)).toBe(
      '5dfac86be798cfe4be48df8c7c64827ae494758aa5f9466d509287f019268fd0',
    );
  });

  it.each([
    ['two keys', TWO_KEYS],
    ['a filler', WITH_ONE_FILLER],
  ])('of the reference with %s gives exactly its keys', (_, token) => {
    expect(plain(open(token)!)).toEqual(plain(KEYS));
  });

  it('is read in url-safe base64 and without padding too', () => {
    const sent = TWO_KEYS.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    expect(plain(open(sent)!)).toEqual(plain(KEYS));
  });

  it('gives back what was sealed, in its order, however many keys that are', () => {
    const key = fc.record({
      data: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      start: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      period: fc.integer({ min: 0, max: 144 }),
    });
    fc.assert(
      fc.property(fc.array(key, { maxLength: 40 }), (keys) => {
        expect(plain(open(seal(keys))!)).toEqual(plain(keys));
      }),
    );
  });

  it('is as long for one key as for 28', () => {
    const many = Array.from({ length: 28 }, (_, n) => ({ ...KEYS[0]!, data: bytes(n, 16) }));
    const [one, all] = [seal(KEYS.slice(0, 1)).length, seal(many).length];
    // A filler has no number and no count, so what is left is what those two take.
    expect(all - one).toBeLessThan(28 * 12);
    expect(seal(many.slice(0, 2)).length).toBeGreaterThanOrEqual(one);
  });

  it('differs each time', () => {
    expect(seal(KEYS)).not.toBe(seal(KEYS));
  });

  it.each([
    ['another data key', { key: bytes(0x41, 32) }],
    ['another binding', { bound: bytes(0xf1, 16) }],
  ])('is not opened with %s', (_, other) => {
    expect(open(TWO_KEYS, other)).toBeUndefined();
  });

  it('is not opened when any of its bytes was changed', () => {
    const sent = parseToken(TWO_KEYS);
    if (sent.kind !== 'sealed') throw new Error('not a token');
    for (const [n, byte] of sent.data.entries()) {
      const changed = Buffer.from(sent.data);
      changed[n] = byte ^ 1;
      expect(openToken(changed, { key: DATA_KEY.key, bound: BOUND })).toBeUndefined();
    }
  });

  it('with entries that are no keys is read without them', () => {
    const entry = { temporaryExposureKey: bytes(1, 15), intervalNumber: 1, intervalCount: 1 };
    const revisableKeys = [entry, { intervalNumber: 5, intervalCount: 1 }];
    expect(RevisionTokenData.encode({ revisableKeys }).finish()).not.toHaveLength(0);
    expect(open(seal([{ data: bytes(1, 15), start: 1, period: 1 }, KEYS[0]!]))).toHaveLength(1);
  });
});

describe('what a phone sends as its token', () => {
  const envelope = (kid: string, length: number): string =>
    Buffer.concat([
      Buffer.from([0x0a, kid.length]),
      Buffer.from(kid),
      Buffer.from([0x12, length]),
      Buffer.alloc(length),
    ]).toString('base64');

  it.each([
    ['nothing', ''],
    ['no base64', 'not a token!'],
    ['no bytes', '='],
  ])('counts as no token when it is %s', (_, sent) => {
    expect(parseToken(sent)).toEqual({ kind: 'none' });
  });

  it.each([
    ['no envelope', Buffer.from('this is text').toString('base64')],
    ['an envelope that ends too early', Buffer.from([0x0a, 5, 0x37]).toString('base64')],
    ['an envelope without anything sealed', Buffer.from([0x0a, 1, 0x37]).toString('base64')],
    ['too little sealed', envelope('7', 27)],
    ['no number of a key', envelope('', 40)],
    ['a number that is no number', envelope('x', 40)],
    ['a negative number', envelope('-7', 40)],
    ['a number with a leading zero', envelope('07', 40)],
    ['a number past all numbers', envelope('9'.repeat(16), 40)],
  ])('cannot be read when it is %s', (_, sent) => {
    expect(parseToken(sent)).toEqual({ kind: 'unreadable' });
  });

  it('names its data key', () => {
    expect(parseToken(envelope('12', 40))).toMatchObject({ kind: 'sealed', keyId: 12 });
  });

  it('is refused, never thrown at, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (sent) => {
        expect(['none', 'unreadable', 'sealed']).toContain(
          parseToken(Buffer.from(sent).toString('base64')).kind,
        );
        if (sent.length >= 28)
          expect(openToken(sent, { key: DATA_KEY.key, bound: BOUND })).toBeUndefined();
      }),
    );
  });
});
