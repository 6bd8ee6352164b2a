import { unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { type Told, openToken, sealToken } from './token.ts';

const KEY = Buffer.alloc(32, 1);
const anyPosition: fc.Arbitrary<Told> = fc.record({
  epoch: fc.nat({ max: 0xffff }),
  unit: fc.nat({ max: 2 ** 47 }).map(unixMillis),
  after: fc.option(
    fc.record({
      kind: fc.constantFrom('primary' as const, 'revision' as const),
      key: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    }),
    { nil: undefined },
  ),
});
const plain = ({ unit, epoch, after }: Told) => ({
  ...{ unit, epoch },
  ...(after === undefined ? {} : { kind: after.kind, key: [...after.key] }),
});

describe('a token', () => {
  it('leads back to every position', () => {
    fc.assert(
      fc.property(anyPosition, (position) => {
        const opened = openToken(sealToken(position, KEY), KEY);
        expect(opened && plain(opened)).toEqual(plain(position));
      }),
    );
  });

  it('is another in another epoch', () => {
    const unit = unixMillis(1_700_000_000_000);
    expect(sealToken({ unit, epoch: 1 }, KEY)).not.toBe(sealToken({ unit, epoch: 2 }, KEY));
  });

  it('is the same for the same position, on every instance that has the key', () => {
    const position = { unit: unixMillis(1_700_000_000_000), epoch: 1 };
    expect(sealToken(position, KEY)).toBe(sealToken(position, Uint8Array.from(KEY)));
    expect(sealToken(position, KEY)).toMatch(/^[\w-]{56}$/u);
  });
});

it('tells a partner nothing of the last record, which it may not be granted', () => {
  const after = { kind: 'primary', key: Buffer.from('a key of nobody!') } as const;
  const unit = unixMillis(1_700_000_000_000);
  const [one, other] = [1, 2].map((n) => {
    const key = Buffer.from(after.key);
    key.writeUInt8(n, 15);
    return Buffer.from(sealToken({ epoch: 0, unit, after: { ...after, key } }, KEY), 'base64url');
  });
  for (const token of [one!, other!]) expect(token.includes(after.key.subarray(0, 4))).toBe(false);
  // Of two positions that differ in one byte only the number of the version is the same everywhere.
  const alike = [...one!].filter((byte, n) => byte === other![n]).length;
  expect(alike).toBeLessThan(8);
});

describe('a text is no token', () => {
  const token = sealToken(
    {
      ...{ epoch: 3, unit: unixMillis(1_700_000_000_000) },
      after: { kind: 'primary', key: Buffer.alloc(16, 7) },
    },
    KEY,
  );

  it.each([
    ['empty', ''],
    ['that of the reference server, an offset in base64', 'NTAw'],
    ['shortened', token.slice(1)],
    ['longer', `${token}A`],
    ['with a space', `${token.slice(0, -1)} `],
    ['with a line feed behind it', `${token}\n`],
    ['with other characters of base64', `${token.slice(0, -2)}+/`],
  ])('when it is %s', (_how, text) => {
    expect(openToken(text, KEY)).toBeUndefined();
  });

  it('when it was sealed with another key', () => {
    expect(openToken(token, Buffer.alloc(32, 2))).toBeUndefined();
  });

  it('when any bit of it differs', () => {
    const bytes = Buffer.from(token, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(openToken(changed.toString('base64url'), KEY)).toBeUndefined();
    }
  });

  it('when another character ends it', () => {
    const last = token.at(-1) ?? '';
    const others = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
    const opened = others.filter((one) => openToken(token.slice(0, -1) + one, KEY) !== undefined);
    expect(opened).toEqual([last]);
  });

  it('when it has the length that the layout before had', () => {
    expect(openToken(Buffer.alloc(40, 1).toString('base64url'), KEY)).toBeUndefined();
  });
});
