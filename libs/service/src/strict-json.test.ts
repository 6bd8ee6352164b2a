import fc from 'fast-check';
import { strictJsonParser } from './index.ts';
import { anyCharacter } from '../../../test/support/any-character.ts';

const parseStrictJson = strictJsonParser();

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string): ReturnType<typeof parseStrictJson> => parseStrictJson(utf8(text));
/** Why a text is refused that may be JSON all the same. */
const STRICTER: readonly string[] = ['duplicate_name', 'number', 'depth'];
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
    ['['.repeat(60_000), 'depth'],
    ['['.repeat(16), 'syntax'],
    ['1'.repeat(60_000), 'number'],
    ['-', 'syntax'],
    ['1.', 'syntax'],
    ['\uFEFF{}', 'encoding'],
  ])('refuses %j as %s', (text, reason) => {
    expect(parse(text)).toMatchObject({ kind: 'refused', reason });
  });

  it.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['half a surrogate pair', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a cut character', [0x22, 0xe2, 0x82]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])('refuses %s', (_what, bytes) => {
    expect(parseStrictJson(Uint8Array.from(bytes))).toMatchObject({
      kind: 'refused',
      reason: 'encoding',
    });
  });

  it('takes whatever JSON.stringify writes of whole numbers, shallow and without like names', () => {
    const value = fc.letrec((tie) => ({
      leaf: fc.oneof(fc.maxSafeInteger(), fc.string({ unit: anyCharacter }), fc.boolean()),
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
        else if (STRICTER.includes(outcome.reason)) return;
        else expect(() => JSON.parse(given) as unknown).toThrow(SyntaxError);
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

describe('strict JSON of a known shape', () => {
  const parser = strictJsonParser({
    fields: { Keys: { list: { items: { fields: { Risk: {} } }, max: 3 } }, Padding: {} },
  });
  const read = (text: string): ReturnType<typeof parser> => parser(utf8(text));
  const long = ',"x"'.repeat(10_000);

  it('has its fields under the spelling of the shape', () => {
    expect(read('{"keys":[{"RISK":1},null],"padding":"x"}')).toEqual({
      kind: 'value',
      value: { Keys: [{ Risk: 1 }, null], Padding: 'x' },
    });
  });

  it.each([
    ['an unknown name', `{"other":["x"${long}]}`, { reason: 'unknown_name', place: [], read: 8 }],
    [
      'one in an item',
      `{"Keys":[{"Risk":1},{"other":[1${long}]}]}`,
      { reason: 'unknown_name', place: ['Keys', '1'], read: 28 },
    ],
    [
      'a name given twice',
      `{"Keys":[],"KEYS":[1${long}]}`,
      { reason: 'duplicate_name', place: [], read: 17 },
    ],
    [
      'an item too many',
      `{"Keys":[1,2,3,4${long}]}`,
      { reason: 'too_many_items', place: ['Keys'], read: 15 },
    ],
    [
      'a list where none belongs',
      `{"Padding":["x"${long}]}`,
      { reason: 'misplaced_list', place: ['Padding'], read: 12 },
    ],
    [
      'lists in lists where none belong',
      `{"Padding":${'['.repeat(9000)}`,
      { reason: 'misplaced_list', read: 12 },
    ],
    [
      'an object where none belongs',
      `{"Padding":{"a":1${',"b":2'.repeat(9000)}}}`,
      { reason: 'misplaced_object', place: ['Padding'], read: 12 },
    ],
    [
      'an object in place of a list',
      `{"Keys":{"a":1${',"b":2'.repeat(9000)}}}`,
      { reason: 'misplaced_object', place: ['Keys'], read: 9 },
    ],
    [
      'a list in place of an object',
      `{"Keys":[["x"${long}]]}`,
      { reason: 'misplaced_list', place: ['Keys', '0'], read: 10 },
    ],
    ['a list in place of everything', `["x"${long}]`, { reason: 'misplaced_list', read: 1 }],
    ['broken text', `{"Keys" 1${long}`, { reason: 'syntax', read: 8 }],
    ['a fraction', `{"Keys":[0.5${long}]}`, { reason: 'number', place: ['Keys', '0'], read: 12 }],
  ])('stops at %s, however much follows', (_what, text, refusal) => {
    expect(read(text)).toMatchObject({ kind: 'refused', ...refusal });
  });

  it('has no field but those that it is given, not even those that every object has', () => {
    for (const name of ['__proto__', 'constructor', 'toString'])
      expect(read(`{"${name}":1}`)).toMatchObject({ reason: 'unknown_name' });
  });
});

const entriesToJson = (members: readonly (readonly [string, unknown])[]): string =>
  `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`;
