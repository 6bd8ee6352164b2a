import type { DocumentOf, Field, Fields, Json } from './field.ts';
import { ByteReader, ByteWriter } from './byte-stream.ts';

/** How documents of a collection become bytes: the fields in declared order, so that new optional ones go to the end. */
export interface Codec<D> {
  encode(value: D): Uint8Array;
  decode(stored: Uint8Array): D;
  /** The value of a field, for an engine that stores or indexes it. */
  read(value: D, field: string): unknown;
}

const ABSENT = 0;
const PRESENT = 1;

/** The codec of a declaration of fields. Decoded `bytes` are views into what was decoded. */
export function codecOf<F extends Fields>(fields: F): Codec<DocumentOf<F>> {
  const columns = Object.entries(fields);
  const out = new ByteWriter();
  return {
    read: fieldOf,
    encode(value) {
      out.reset();
      for (const [name, field] of columns) writeField(out, name, field, fieldOf(value, name));
      return out.finish();
    },
    decode(stored) {
      const input = new ByteReader(stored);
      const read: Record<string, unknown> = {};
      for (const [name, field] of columns) {
        const present = !input.done() && input.byte() === PRESENT;
        if (present) read[name] = readValue(input, field);
        else if (!field.optional) throw new Error(`stored document lacks ${name}`);
      }
      return documentOf<F>(read);
    },
  };
}

function fieldOf(value: object, name: string): unknown {
  return Reflect.get(value, name);
}

// The loop above has put every declared field in its place; the compiler cannot follow that.
function documentOf<F extends Fields>(read: Record<string, unknown>): DocumentOf<F> {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- built field by field from the declaration
  return read as DocumentOf<F>;
}

function writeField(out: ByteWriter, name: string, field: Field<unknown>, value: unknown): void {
  if (value === undefined && field.optional) {
    out.byte(ABSENT);
    return;
  }
  out.byte(PRESENT);
  if (!writeValue(out, field, value)) throw new TypeError(`${name} is not a valid ${field.kind}`);
}

/** Writes a value of the field's kind; false, with nothing of use written, when it is not one. */
function writeValue(out: ByteWriter, field: Field<unknown>, value: unknown): boolean {
  switch (field.kind) {
    case 'int':
      return Number.isSafeInteger(value) && typeof value === 'number' && wrote(out.integer(value));
    case 'text':
      return typeof value === 'string' && wrote(out.text(value));
    case 'bool':
      return typeof value === 'boolean' && wrote(out.byte(value ? 1 : 0));
    case 'bytes':
      return value instanceof Uint8Array && wrote(out.bytes(value));
    case 'ints':
      return writeList(out, value, isArrayValue, (item) => {
        out.integer(item);
      });
    case 'texts':
      return writeList(out, value, isText, (item) => {
        out.text(item);
      });
    case 'json':
      return wrote(out.text(JSON.stringify(value)));
  }
}

const wrote = (_done: undefined | void): true => true;
const isText = (value: unknown): value is string => typeof value === 'string';
const isArrayValue = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 48;

function writeList<T>(
  out: ByteWriter,
  value: unknown,
  fits: (item: unknown) => item is T,
  write: (item: T) => void,
): boolean {
  if (!Array.isArray(value)) return false;
  out.integer(value.length);
  for (const item of value) {
    if (!fits(item)) return false;
    write(item);
  }
  return true;
}

function readValue(input: ByteReader, field: Field<unknown>): unknown {
  switch (field.kind) {
    case 'int':
      return input.integer();
    case 'text':
      return input.text();
    case 'bool':
      return input.byte() === 1;
    case 'bytes':
      return input.bytes();
    case 'ints':
      return Array.from({ length: input.integer() }, () => input.integer());
    case 'texts':
      return Array.from({ length: input.integer() }, () => input.text());
    case 'json':
      return field.parse?.(parseJson(input.text()));
  }
}

function parseJson(stored: string): Json {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- JSON.parse gives nothing else
  return JSON.parse(stored) as Json;
}
