import fc from 'fast-check';
import { parseStrictJson } from './index.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string): ReturnType<typeof parseStrictJson> => parseStrictJson(utf8(text));
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('strict JSON', () => {
  it.each([
    ['{}', {}],
    [' [1, -2, 0] \r\n\t', [1, -2, 0]],
    ['"\\ud83d\\ude00"', '😀'],
    ['{"a":{"b":1},"c":[{"b":2},{"b":3}]}', { a: { b: 1 }, c: [{ b: 2 }, { b: 3 }] }],
    ['{"a":"1.5e3","b":"a\\":{","c":":"}', { a: '1.5e3', b: 'a":{', c: ':' }],
    ['{"a\\\\":1,"a":"\\\\\\""}', { 'a\\': 1, a: '\\"' }],
    ['[true,false,null]', [true, false, null]],
    ['9007199254740991', 9_007_199_254_740_991],
    [nested(16), JSON.parse(nested(16)) as unknown],
  ])('takes %s', (text, value) => {
    expect(parse(text)).toEqual({ kind: 'value', value });
  });

  it.each([
    ['', 'empty'],
    [' \r\n\t', 'empty'],
    ['{', 'syntax'],
    ['{"a"}', 'syntax'],
    ["{'a':1}", 'syntax'],
    ['[1,]', 'syntax'],
    ['{"a":1,}', 'syntax'],
    ['nul', 'syntax'],
    ['01', 'syntax'],
    ['+1', 'syntax'],
    ['NaN', 'syntax'],
    ['"abc', 'syntax'],
    ['"abc\\"', 'syntax'],
    ['"a\nb"', 'syntax'],
    ['{"a":1', 'syntax'],
    [']', 'syntax'],
    ['// comment\n{}', 'syntax'],
    ['\u00a0{}', 'syntax'],
    ['{} {}', 'trailing'],
    ['{}x', 'trailing'],
    ['{}]', 'trailing'],
    ['{}}', 'trailing'],
    ['1 2', 'trailing'],
    ['"a""b"', 'trailing'],
    ['[1]\u0000', 'trailing'],
    ['1.0', 'number'],
    ['[1e3]', 'number'],
    ['{"a":1E3}', 'number'],
    ['-0.5', 'number'],
    ['9007199254740993', 'number'],
    ['1e999', 'number'],
    ['{"a":1,"a":1}', 'duplicate_name'],
    ['{"a":1,"A":2}', 'duplicate_name'],
    ['{"hmacKey":1,"HMACKEY":2}', 'duplicate_name'],
    ['{"a":1,"\\u0061":2}', 'duplicate_name'],
    ['[{"x":{"a":1,"b":{"a":1},"a":2}}]', 'duplicate_name'],
    ['{"key":1,"\u212Aey":2}', 'duplicate_name'],
    ['{"s":1,"\u017F":2}', 'duplicate_name'],
    ['{"__proto__":1,"__PROTO__":2}', 'duplicate_name'],
    [nested(17), 'depth'],
    ['{"a":'.repeat(17) + '1' + '}'.repeat(17), 'depth'],
    [nested(30_000), 'depth'],
    ['['.repeat(60_000), 'syntax'],
    ['\uFEFF{}', 'encoding'],
  ])('refuses %j as %s', (text, reason) => {
    expect(parse(text)).toEqual({ kind: 'refused', reason });
  });

  it.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['half a surrogate pair', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a cut character', [0x22, 0xe2, 0x82]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])('refuses %s', (_what, bytes) => {
    expect(parseStrictJson(Uint8Array.from(bytes))).toEqual({
      kind: 'refused',
      reason: 'encoding',
    });
  });

  it('takes whatever JSON.stringify writes of whole numbers, shallow and without like names', () => {
    const value = fc.letrec((tie) => ({
      leaf: fc.oneof(fc.maxSafeInteger(), fc.string({ unit: 'binary' }), fc.boolean()),
      node: fc.oneof(
        { maxDepth: 4 },
        tie('leaf'),
        fc.array(tie('node'), { maxLength: 4 }),
        fc
          .uniqueArray(fc.tuple(fc.string(), tie('node')), {
            maxLength: 4,
            selector: ([name]) => name.toUpperCase().toLowerCase(),
          })
          .map((members) => JSON.parse(entriesToJson(members)) as unknown),
      ),
    })).node;
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (given, indent) => {
        const text = JSON.stringify(given, undefined, indent);
        expect(parse(text)).toEqual({ kind: 'value', value: JSON.parse(text) as unknown });
      }),
      { numRuns: 40 },
    );
  });

  it('never throws, and never takes what JSON.parse refuses', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      ' ',
      'a',
      '1',
      '.',
      'e',
      '-',
      '"a"',
      'true',
      '\uFEFF',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 12 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        const outcome = parse(given);
        if (outcome.kind === 'value') expect(outcome.value).toEqual(JSON.parse(given));
        else expect(outcome.reason).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });

  it('never throws on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) =>
        ['value', 'refused'].includes(parseStrictJson(bytes).kind),
      ),
    );
  });

  it('scans a long string with many backslashes and quotes in one pass', () => {
    const text = JSON.stringify('\\"'.repeat(200_000));
    expect(parse(text).kind).toBe('value');
  });
});

const entriesToJson = (members: readonly (readonly [string, unknown])[]): string =>
  `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`;
