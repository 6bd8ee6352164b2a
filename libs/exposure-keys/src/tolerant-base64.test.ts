import fc from 'fast-check';
import { decodeTolerantBase64 } from './tolerant-base64.ts';
import { anyCharacter } from '../../../test/support/any-character.ts';

const hex = (text: string): string | undefined => {
  const bytes = decodeTolerantBase64(text);
  return bytes && Buffer.from(bytes).toString('hex');
};

describe('tolerant base64', () => {
  it.each([
    ['Zg==', '66'],
    ['Zg=', '66'],
    ['Zg', '66'],
    ['Zg=====', '66'],
    ['', ''],
    ['=', ''],
    ['Zh', '66'],
    ['Z\r\ng', '66'],
    ['Zg\n==', '66'],
    ['\nZg', '66'],
    ['+/+/', 'fbffbf'],
    ['-_-_', 'fbffbf'],
    ['+_-/', 'fbffbf'],
    ['\r\n', ''],
  ])('reads %j as %j', (text, bytes) => {
    expect(hex(text)).toBe(bytes);
  });

  it.each([
    ['a digit left over', 'Z'],
    ['a digit left over after whole groups', 'AAAAZ'],
    ['a digit left over once line breaks are gone', 'Zg\nAAA'],
    ['padding within', 'Zg==Zg'],
    ['padding at the start', '=Zg'],
    ['padding before a line break', 'Zg==\n'],
    ['a space', 'Zg Zg'],
    ['a tab', 'Z\tg'],
    ['a letter outside the alphabet', 'Zgé='],
    ['a zero character', 'Zg\0A'],
    ['a comma', 'Zg,,'],
    ['a lone surrogate', 'Z\ud800gA'],
    ['a wide letter that Buffer would cut to its low byte', 'Zg\u{1F600}'],
  ])('refuses %s', (_what, text) => {
    expect(decodeTolerantBase64(text)).toBeUndefined();
  });

  it('gives back any bytes in either alphabet, padded or not, on one line or several', () => {
    const encoding = fc.constantFrom('base64' as const, 'base64url' as const);
    fc.assert(
      fc.property(fc.uint8Array(), encoding, fc.nat(), (bytes, alphabet, at) => {
        const text = Buffer.from(bytes).toString(alphabet);
        const padded = text.replace(/=+$/, '') + '='.repeat(at % 5);
        const digits = text.replace(/=+$/, '').length;
        const broken = `${text.slice(0, at % (digits + 1))}\r\n${text.slice(at % (digits + 1))}`;
        for (const spelling of [text, padded, broken])
          expect(decodeTolerantBase64(spelling)).toEqual(bytes);
      }),
    );
  });

  it('refuses every text with a character from outside both alphabets', () => {
    const stranger = fc
      .string({ minLength: 1, unit: anyCharacter })
      .filter((s) => /^[^\w+/\-=\r\n]/u.test(s));
    fc.assert(
      fc.property(fc.base64String(), stranger, fc.base64String(), (before, middle, after) => {
        expect(decodeTolerantBase64(before + middle + after)).toBeUndefined();
      }),
    );
  });

  it('gives bytes of their own, which no later call can change', () => {
    const bytes = decodeTolerantBase64('AAAA');
    expect(bytes?.buffer.byteLength).toBe(3);
  });
});
