import fc from 'fast-check';
import { keysMacs } from './keys-mac.ts';
import { S16, S32, SPELLING, vectorKey } from './testing/vectors.ts';

const { A, B, C, D, unpaddedC } = SPELLING;
const base64 = (macs: readonly Uint8Array[]) =>
  macs.map((mac) => Buffer.from(mac).toString('base64'));

describe('the MAC over keys', () => {
  it('has one form when a key has a transmission risk', () => {
    const keys = [
      vectorKey(C, 2_700_000, 144, 3),
      vectorKey(B, 2_700_288, 100, 8),
      vectorKey(A, 2_700_144, 144),
    ];
    expect(base64(keysMacs(keys, S32))).toEqual(['eFAiwIwBKr2sg4mDhRf8Rl17UrJlaIR+ZNpybCoGm4Q=']);
  });

  it('has two forms when no key has one', () => {
    const keys = [
      vectorKey(C, 2_700_000, 144),
      vectorKey(B, 2_700_288, 100),
      vectorKey(A, 2_700_144, 144),
    ];
    expect(base64(keysMacs(keys, S32))).toEqual([
      'x3Sd8oGwKd52azISWnfbhASu3hCv+nTB64QVRmVqzQ4=',
      'iu7olGjfK4bHeT7VkRJugNQu5EhIabB9cbB2gpkbjzo=',
    ]);
  });

  it.each([
    [
      C,
      '5xIDdebVeqA+qB0YduT/Jste0jucG22FjO04zolUxSU=',
      '0SAmShUnQ0pyFjrLR4nIEF7roDqu8k52yhBs1GOhmGM=',
    ],
    [
      unpaddedC,
      'CGs+evwo2CruTCZc7nm99vO9AEcn8qfMGU1r+alvwyQ=',
      '9HP/3m7oKlfbJA9gmLWW7YRLPxkj0UkAGZd+xtuJUpk=',
    ],
  ])('depends on how a key is spelled: %s', (spelling, full, short) => {
    const keys = [vectorKey(spelling, 2_700_000, 144), vectorKey(A, 2_700_144, 144)];
    expect(base64(keysMacs(keys, S32))).toEqual([full, short]);
  });

  it('covers a single key', () => {
    expect(base64(keysMacs([vectorKey(D, 2_700_000, 1, 1)], S16))).toEqual([
      'ZQc06DGSLXu8qZJsoQLZRGNC+uFl+UvAItAkg5GqFNY=',
    ]);
  });

  it('takes an empty secret', () => {
    expect(base64(keysMacs([vectorKey(D, 2_700_000, 1)], new Uint8Array()))).toEqual([
      '8xgNluJxEm0ew8DBF2TCUAodnaIqPCKa5QEnzijoEdY=',
      'bZU99FwCwPZHh7W8L9pktLzTqQWiYMRTlENujsq0Sjk=',
    ]);
  });

  it('does not exist over no keys', () => {
    expect(keysMacs([], S32)).toEqual([]);
  });

  it('sorts by the bytes of UTF-8, which neither locales nor UTF-16 do', () => {
    const keys = ['\u{1F600}', '\uFFFD', 'a', 'B', '_'].map((text) => vectorKey(text, 1, 1));
    const sorted = ['B', '_', 'a', '\uFFFD', '\u{1F600}'].map((text) => vectorKey(text, 1, 1));
    expect(base64(keysMacs(keys, S32))).toEqual(base64(keysMacs(sorted, S32)));
    const alone = (text: string) => base64(keysMacs([vectorKey(text, 1, 1)], S32))[0];
    expect(alone('B.1.1.0,_.1.1.0,a.1.1.0,\uFFFD.1.1.0,\u{1F600}')).toBe(
      base64(keysMacs(keys, S32))[0],
    );
  });

  it('leaves the keys in the order in which they were sent', () => {
    const keys = [vectorKey(C, 1, 1), vectorKey(A, 2, 1)];
    keysMacs([...keys], S32);
    expect(keys.map(({ key }) => key)).toEqual([C, A]);
  });

  it('is the same in whatever order different keys are sent', () => {
    const keys = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(keys, fc.uint8Array(), (texts, secret) => {
        const sent = texts.map((text, n) => vectorKey(text, 2_700_000, 1 + (n % 2)));
        expect(keysMacs(sent.toReversed(), secret)).toEqual(keysMacs(sent, secret));
      }),
    );
  });
});
