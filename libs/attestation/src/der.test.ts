import { DER, readDer, readSole, readSoleList } from './der.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

describe('readDer', () => {
  it('reads elements side by side', () => {
    expect(readDer(hex('0401aa0500'))).toEqual([
      { tag: 0x04, content: hex('aa') },
      { tag: 0x05, content: hex('') },
    ]);
  });

  it.each([128, 255, 256, 65_535, 65_536])(
    'reads a length of %i in its shortest form',
    (length) => {
      const digits = length.toString(16).padStart(length > 0xffff ? 6 : length > 0xff ? 4 : 2, '0');
      const head = hex(`04${(0x80 + digits.length / 2).toString(16)}${digits}`);
      const bytes = new Uint8Array(head.length + length);
      bytes.set(head);
      expect(readDer(bytes)?.[0]?.content).toHaveLength(length);
    },
  );

  it.each([
    ['a tag alone', '04'],
    ['contents that end too early', '0402aa'],
    ['an indefinite length', '0480aa0000'],
    ['a short length in the long form', '04817f' + '00'.repeat(127)],
    ['a long length with a leading zero', '04820080' + '00'.repeat(128)],
    ['length digits that end too early', '0482'],
    ['a length of four bytes', '048400000001aa'],
    ['a tag of several bytes', '1f0100'],
  ])('refuses %s', (_name, text) => {
    expect(readDer(hex(text))).toBeUndefined();
  });
});

describe('readSole', () => {
  it('reads the one element that fills the bytes', () => {
    expect(readSole(hex('0401aa'), DER.octetString)).toEqual(hex('aa'));
    expect(readSoleList(hex('30030401aa'), DER.sequence)).toHaveLength(1);
  });

  it.each([
    ['another tag', '0501aa'],
    ['a second element', '0401aa0500'],
    ['nothing', ''],
  ])('refuses %s', (_name, text) => {
    expect(readSole(hex(text), DER.octetString)).toBeUndefined();
    expect(readSoleList(hex(text), DER.octetString)).toBeUndefined();
  });
});
