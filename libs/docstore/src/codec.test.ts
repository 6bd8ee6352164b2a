import fc from 'fast-check';
import { bool, bytes, collection, int, ints, json, optional, text, texts, view } from './index.ts';

const everything = collection({
  name: 'everything',
  fields: {
    count: int(),
    name: text(),
    flag: bool(),
    blob: bytes(),
    hashes: ints(),
    tags: texts(),
    note: optional(text()),
    shape: optional(json((stored) => stored)),
  },
});

type Everything = ReturnType<typeof everything.codec.decode>;

const sample = (): Uint8Array =>
  everything.codec.encode({
    ...{ count: -5, name: 'one', flag: true, blob: Uint8Array.of(1, 2), hashes: [7, 2 ** 47] },
    ...{ tags: ['x', 'yz'], note: 'two', shape: { a: [1] } },
  });

describe('document codec', () => {
  it('gives back every document that it encoded', () => {
    const documents = fc.record(
      {
        count: fc.maxSafeInteger(),
        name: fc.string({ unit: 'grapheme' }),
        flag: fc.boolean(),
        blob: fc.uint8Array({ maxLength: 3000 }),
        hashes: fc.array(fc.integer({ min: 0, max: 2 ** 48 - 1 })),
        tags: fc.array(fc.string()),
        note: fc.string(),
        shape: fc.jsonValue(),
      },
      { requiredKeys: ['count', 'name', 'flag', 'blob', 'hashes', 'tags'] },
    );
    fc.assert(
      fc.property(documents, (document) => {
        const shape =
          document.shape === undefined
            ? {}
            : { shape: JSON.parse(JSON.stringify(document.shape)) as never };
        const given = { ...document, ...shape } as never as Everything;
        const decoded = everything.codec.decode(everything.codec.encode(given));
        expect({ ...decoded, blob: [...decoded.blob] }).toEqual({
          ...given,
          blob: [...given.blob],
        });
      }),
    );
  });

  it('gives the wanted fields of every document that it encoded, and no others', () => {
    type Name = keyof Everything;
    const names = Object.keys(everything.codec.decode(sample())) as Name[];
    fc.assert(
      fc.property(fc.subarray(names), (wanted) => {
        const whole = everything.codec.decode(sample());
        const part = view(everything, wanted).codec.decode(sample());
        expect(part).toEqual(Object.fromEntries(wanted.map((name) => [name, whole[name]])));
      }),
    );
  });

  it('leaves out an optional field that a document lacks, wanted or not', () => {
    const { note, shape, ...required } = everything.codec.decode(sample());
    expect([note, shape]).toEqual(['two', { a: [1] }]);
    const stored = everything.codec.encode(required);
    expect(view(everything, ['note', 'count']).codec.decode(stored)).toEqual({ count: -5 });
    expect(view(everything, ['count']).codec.decode(stored)).toEqual({ count: -5 });
  });

  it('refuses to encode a part of a document', () => {
    const part = view(everything, ['count']);
    expect(() => part.codec.encode({ count: 1 })).toThrow(TypeError);
  });

  it('encodes the smallest and the largest safe integer', () => {
    const numbers = collection({ name: 'numbers', fields: { n: int() } });
    for (const n of [0, -1, 63, 64, -64, -65, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])
      expect(numbers.codec.decode(numbers.codec.encode({ n }))).toEqual({ n });
  });

  it('reads a document that was stored before an optional field was added', () => {
    const before = collection({ name: 'c', fields: { a: int() } });
    const after = collection({ name: 'c', fields: { a: int(), b: optional(text()) } });
    expect(after.codec.decode(before.codec.encode({ a: 7 }))).toEqual({ a: 7 });
  });

  it.each([
    ['a fraction', { n: 1.5 }],
    ['a number too large', { n: 2 ** 53 }],
    ['a missing field', {}],
    ['text', { n: '1' }],
  ])('refuses %s in an int field', (_name, value) => {
    const numbers = collection({ name: 'numbers', fields: { n: int() } });
    expect(() => numbers.codec.encode(value as { n: number })).toThrow('n is not a valid int');
  });

  it('refuses array values outside 48 bits', () => {
    const hashes = collection({ name: 'hashes', fields: { h: ints() } });
    expect(() => hashes.codec.encode({ h: [2 ** 48] })).toThrow('h is not a valid ints');
  });

  it('refuses stored bytes that end too early', () => {
    const stored = everything.codec.encode({
      count: 1,
      name: 'abc',
      flag: true,
      blob: new Uint8Array(9),
      hashes: [1],
      tags: ['x'],
    });
    for (let cut = 0; cut < stored.length - 3; cut++)
      expect(() => everything.codec.decode(stored.subarray(0, cut))).toThrow();
  });
});

describe('a document from fields that a database keeps natively', () => {
  const fields: Record<string, unknown> = {
    ...{ count: -5, name: 'one', flag: true, blob: Uint8Array.of(1, 2), hashes: [7, 2 ** 47] },
    ...{ tags: ['x', 'yz'], shape: '{"a":[1]}' },
  };
  const assemble = (stored: Record<string, unknown>): unknown =>
    everything.codec.assemble((name) => stored[name]);

  it('has them all, those that it may lack only if they are there, and JSON from its text', () => {
    expect(assemble(fields)).toEqual({ ...fields, shape: { a: [1] } });
  });

  it('has only those of a view', () => {
    const part = view(everything, ['name', 'note']);
    expect(part.codec.assemble((name) => fields[name])).toEqual({ name: 'one' });
  });

  it.each([
    ['count', '1', 'count is not a valid int'],
    ['count', null, 'count is not a valid int'],
    ['count', undefined, 'stored document lacks count'],
    ['name', 1, 'name is not a valid text'],
    ['flag', 0, 'flag is not a valid bool'],
    ['blob', 'x', 'blob is not a valid bytes'],
    ['hashes', [-1], 'hashes is not a valid ints'],
    ['tags', ['x', 1], 'tags is not a valid texts'],
    ['tags', 'x', 'tags is not a valid texts'],
    ['shape', { a: 1 }, 'shape is not a valid json'],
    ['shape', '{secret', 'shape is not a valid json'],
  ])('is refused with %s as %j', (name, value, message) => {
    expect(() => assemble({ ...fields, [name]: value })).toThrow(message);
  });
});

describe('collection declaration', () => {
  it('refuses to index a field of a kind that has no order', () => {
    expect(() => collection({ name: 'c', fields: { b: bytes() }, indexes: [['b']] })).toThrow(
      'c.b cannot be indexed',
    );
  });
  it('refuses an array index on anything but integers', () => {
    expect(() => collection({ name: 'c', fields: { t: texts() }, arrayIndex: 't' })).toThrow(
      'array index',
    );
  });
  it('refuses an expiry that is not an int', () => {
    expect(() => collection({ name: 'c', fields: { t: text() }, expiry: 't' })).toThrow('expiry');
  });
});
