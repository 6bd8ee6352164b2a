import fc from 'fast-check';
import { indexName, parseIndex, renderIndex } from './index-file.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

it('lies beside the archives', () => {
  expect(indexName('v1')).toBe('v1/index.txt');
});

it('lists each archive once, in the order given, without a last line break', () => {
  const names = ['v1/20-30-00001.zip', 'v1/20-30-00002.zip', 'v1/10-40-00001.zip'];
  expect(text(renderIndex([...names, 'v1/20-30-00001.zip']))).toBe(names.join('\n'));
});

it('is empty when there is nothing to list', () => {
  expect(renderIndex([])).toHaveLength(0);
  expect(parseIndex(new Uint8Array())).toEqual([]);
});

it.each(['', 'a\nb', 'a b', '../a', 'é'])('refuses to list the name "%s"', (name) => {
  expect(() => renderIndex([name])).toThrow('plain object names');
});

it('reads what it wrote', () => {
  const name = fc.stringMatching(/^[a-z0-9]{1,8}\/[0-9]{1,10}-[0-9]{1,10}-[0-9]{5}\.zip$/);
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 20 }), (names) => {
      expect(parseIndex(renderIndex(names))).toEqual(names);
    }),
  );
});

it('keeps the order of an index that somebody else wrote', () => {
  expect(parseIndex(Buffer.from('v1/2.zip\nv1/1.zip'))).toEqual(['v1/2.zip', 'v1/1.zip']);
});

it.each([
  ['a page of HTML', '<!DOCTYPE html>\n<html></html>'],
  ['an empty line', 'v1/1.zip\n\nv1/2.zip'],
  ['only a line break', '\n'],
  ['two line breaks at the end', 'v1/1.zip\n\n'],
  ['half a line break of another system', 'v1/1.zip\rv1/2.zip'],
  ['a carriage return at the end', 'v1/1.zip\r'],
  ['an address', 'https://example.org/v1/1.zip'],
  ['a path from the root', '/v1/1.zip'],
  ['a path that climbs', 'v1/../../1.zip'],
  ['a path that stands still', 'v1/./1.zip'],
  ['an empty segment', 'v1//1.zip'],
  ['a space', 'v1/1 .zip'],
  ['letters outside of ASCII', 'v1/é.zip'],
  ['one name twice', 'v1/1.zip\nv1/1.zip'],
  ['a name of more than 1024 letters', 'a'.repeat(1025)],
])('refuses %s', (_, content) => {
  expect(parseIndex(Buffer.from(content))).toBeUndefined();
});

it.each([
  ['line breaks of another system', 'v1/2.zip\r\nv1/1.zip'],
  ['a last line break', 'v1/2.zip\nv1/1.zip\n'],
  ['a last line break of another system', 'v1/2.zip\r\nv1/1.zip\r\n'],
])('reads an index with %s', (_, content) => {
  expect(parseIndex(Buffer.from(content))).toEqual(['v1/2.zip', 'v1/1.zip']);
});

it('reads a name of 1024 letters', () => {
  expect(parseIndex(Buffer.from('a'.repeat(1024)))).toEqual(['a'.repeat(1024)]);
});

describe('the length of an index', () => {
  const MEBIBYTE = 1024 * 1024;
  /** Different names of 15 letters and a line break each, the last one as long as it takes. */
  const namesOf = (bytes: number): string => {
    const full = Array.from(
      { length: bytes / 16 - 1 },
      (_, n) => `v1/${String(n).padStart(12, '0')}`,
    );
    const rest = bytes - 16 * full.length;
    return [...full, 'x'.repeat(rest)].join('\n');
  };

  it('may be a mebibyte', () => {
    const index = Buffer.from(namesOf(MEBIBYTE));
    expect([index.length, parseIndex(index)?.length]).toEqual([MEBIBYTE, MEBIBYTE / 16]);
  });

  it('may not be one byte more', () => {
    const index = Buffer.from(namesOf(MEBIBYTE + 1));
    expect([index.length, parseIndex(index)]).toEqual([MEBIBYTE + 1, undefined]);
  });
});

it('answers any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const names = parseIndex(bytes);
      const lines = text(bytes)
        .replace(/\r?\n$/, '')
        .split(/\r?\n/);
      expect(names === undefined || bytes.length === 0 || names.join() === lines.join()).toBe(true);
    }),
  );
});
