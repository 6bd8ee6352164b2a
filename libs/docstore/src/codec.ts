import { assemble, isArrayValue, isBool, isBytes, isInt, isText } from './kind-guards.ts';
import { ByteReader, ByteWriter, INT48_BYTES, KnownText } from './byte-stream.ts';
import type { DocumentOf, Field, FieldKind, Fields, Json } from './field.ts';

/** How documents of a collection become bytes: the fields in declared order, so that new optional ones go to the end. */
export interface Codec<D> {
  encode(value: D): Uint8Array;
  decode(stored: Uint8Array): D;
  /** The value of a field, for a database that keeps or indexes it. */
  read(value: D, field: string): unknown;
  /** A document from its fields as a database keeps them natively, `json` as text; throws for one that does not fit. */
  assemble(stored: (field: string) => unknown): D;
  /** The same documents, of which only some fields are wanted; it cannot encode. */
  only<K extends keyof D & string>(names: readonly K[]): Codec<Pick<D, K>>;
}

const ABSENT = 0;
const PRESENT = 1;

/** The codec of a declaration of fields. Decoded `bytes` are views into what was decoded. */
export function codecOf<F extends Fields>(fields: F): Codec<DocumentOf<F>> {
  const columns = Object.entries(fields);
  const out = new ByteWriter();
  const encode = (value: DocumentOf<F>): Uint8Array => {
    out.reset();
    for (const [name, field] of columns) writeField(out, name, field, fieldOf(value, name));
    return out.finish();
  };
  return codecFrom<DocumentOf<F>>(columns, encode, () => true);
}

type Column = readonly [name: string, field: Field<unknown>];

function codecFrom<D extends object>(
  columns: readonly Column[],
  encode: (value: D) => Uint8Array,
  isWanted: (name: string) => boolean,
): Codec<D> {
  const wanted = columns.filter(([name]) => isWanted(name));
  const decode = decoderOf(columns, isWanted);
  return {
    read: fieldOf,
    encode,
    decode: (stored) => documentOf<D>(decode(stored)),
    assemble: (stored) => documentOf<D>(assemble(wanted, stored)),
    only: <K extends keyof D & string>(names: readonly K[]): Codec<Pick<D, K>> =>
      codecFrom<Pick<D, K>>(columns, refuseToEncode, (name) =>
        names.some((known) => known === name),
      ),
  };
}

function refuseToEncode(): never {
  throw new TypeError('a part of a document cannot be stored');
}

function decoderOf(
  columns: readonly Column[],
  isWanted: (name: string) => boolean,
): (stored: Uint8Array) => Record<string, unknown> {
  const last = columns.findLastIndex(([name]) => isWanted(name));
  const readers = columns.slice(0, last + 1).map(([name, field]) => {
    const wanted = isWanted(name);
    const read = wanted ? readerOf(field) : SKIPPERS[field.kind];
    return { name, optional: field.optional, wanted, read };
  });
  return (stored) => {
    const input = new ByteReader(stored);
    const document: Record<string, unknown> = {};
    for (const { name, optional, wanted, read } of readers) {
      const present = !input.done() && input.byte() === PRESENT;
      if (!present && !optional) throw new Error(`stored document lacks ${name}`);
      if (!present) continue;
      const value = read(input);
      if (wanted) document[name] = value;
    }
    return document;
  };
}

function fieldOf(value: object, name: string): unknown {
  return Reflect.get(value, name);
}

// The loops have put every wanted field in its place; the compiler cannot follow that.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- names the type that the declaration says
function documentOf<D>(read: Record<string, unknown>): D {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- built field by field from the declaration
  return read as D;
}

function writeField(out: ByteWriter, name: string, field: Field<unknown>, value: unknown): void {
  if (value === undefined && field.optional) {
    out.byte(ABSENT);
    return;
  }
  out.byte(PRESENT);
  if (!writeValue(out, field, value)) throw new TypeError(`${name} is not a valid ${field.kind}`);
}

type WriteValue = (out: ByteWriter, value: unknown) => boolean;

/** Writes a value of the field's kind; false, with nothing of use written, when it is not one. */
const writeValue = (out: ByteWriter, field: Field<unknown>, value: unknown): boolean =>
  WRITERS[field.kind](out, value);

const WRITERS: Readonly<Record<Field<unknown>['kind'], WriteValue>> = {
  int: writer(isInt, (out, value) => {
    out.integer(value);
  }),
  text: writer(isText, (out, value) => {
    out.text(value);
  }),
  bool: writer(isBool, (out, value) => {
    out.byte(value ? 1 : 0);
  }),
  bytes: writer(isBytes, (out, value) => {
    out.bytes(value);
  }),
  ints: listWriter(isArrayValue, (out, item) => {
    out.int48(item);
  }),
  texts: listWriter(isText, (out, item) => {
    out.text(item);
  }),
  json: (out, value) => {
    out.text(JSON.stringify(value));
    return true;
  },
};

function writer<T>(
  fits: (value: unknown) => value is T,
  write: (out: ByteWriter, value: T) => void,
): WriteValue {
  return (out, value) => {
    if (!fits(value)) return false;
    write(out, value);
    return true;
  };
}

function listWriter<T>(
  fits: (item: unknown) => item is T,
  write: (out: ByteWriter, item: T) => void,
): WriteValue {
  return (out, value) => {
    if (!Array.isArray(value)) return false;
    out.integer(value.length);
    for (const item of value) {
      if (!fits(item)) return false;
      write(out, item);
    }
    return true;
  };
}

type ReadValue = (input: ByteReader) => unknown;

const SKIPPERS: Readonly<Record<FieldKind, ReadValue>> = {
  int: (input) => input.integer(),
  text: (input) => {
    input.skip(input.integer());
  },
  bool: (input) => input.byte(),
  bytes: (input) => {
    input.skip(input.integer());
  },
  ints: (input) => {
    input.skip(input.integer() * INT48_BYTES);
  },
  texts: (input) => {
    for (let left = input.integer(); left > 0; left--) input.skip(input.integer());
  },
  json: (input) => {
    input.skip(input.integer());
  },
};

function readerOf(field: Field<unknown>): ReadValue {
  const known = new KnownText();
  switch (field.kind) {
    case 'int':
      return (input) => input.integer();
    case 'text':
      return (input) => input.text(known);
    case 'bool':
      return (input) => input.byte() === 1;
    case 'bytes':
      return (input) => input.bytes();
    case 'ints':
      return listReader((input) => input.int48());
    case 'texts':
      return listReader((input) => input.text(known));
    case 'json':
      return (input) => field.parse?.(parseJson(input.text(known)));
  }
}

const listReader =
  (read: ReadValue): ReadValue =>
  (input) => {
    const items: unknown[] = [];
    for (let left = input.integer(); left > 0; left--) items.push(read(input));
    return items;
  };

function parseJson(stored: string): Json {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- JSON.parse gives nothing else
  return JSON.parse(stored) as Json;
}
