import fc from 'fast-check';
import { crc32cOf } from '@keyserver/stand-ins/kms';
import { crc32c } from './checksum.ts';

const ascending = Uint8Array.from({ length: 32 }, (_, n) => n);

describe('CRC32C', () => {
  // RFC 3720, B.4, and the check value of the catalogue of CRCs.
  it.each([
    ['nothing', new Uint8Array(), 0],
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 ascending bytes', ascending, 0x46dd794e],
    ['32 descending bytes', ascending.toReversed(), 0x113fdb5c],
  ])('of %s is as published', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it('agrees with its definition, bit by bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(crc32c(bytes)).toBe(crc32cOf(bytes));
      }),
    );
  });
});
