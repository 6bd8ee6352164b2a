import { Refusal } from '../grpc/refusal.ts';
import { type Fields, type StructuredValue, type Value, isStructured } from './value.ts';

/*
 * Values as strings of bytes (one character each, 0 to 255) that compare as Firestore orders the values. No key is the
 * beginning of another one, so keys can be joined, and an index entry is one string.
 */

const END = '\0\x01';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Bytes and their end; a zero byte within is marked, so that the shorter of two comes first. */
const bytesKey = (bytes: Uint8Array): string => text(bytes).replaceAll('\0', '\0\xff') + END;

/** The key of a name: ordered by its UTF-8 bytes, not by UTF-16 units. */
export const textKey = (name: string): string => bytesKey(Buffer.from(name, 'utf8'));

/** A double, and by how much an int64 exceeds the double next to it: at most 512 either way. */
function numberKey(double: number, excess: number): string {
  const bytes = Buffer.alloc(10);
  bytes.writeDoubleBE(double === 0 ? 0 : double); // -0 equals 0
  if (double < 0) for (let at = 0; at < 8; at++) bytes[at] = 255 - (bytes[at] ?? 0);
  else bytes[0] = (bytes[0] ?? 0) + 128;
  bytes.writeUInt16BE(excess + 0x8000, 8);
  return text(bytes);
}

const doubleKey = (double: number): string =>
  Number.isNaN(double) ? '\x03' : '\x04' + numberKey(double, 0);

function integerKey(decimal: string): string {
  const exact = BigInt(decimal);
  const double = Number(exact);
  return numberKey(double, Number(exact - BigInt(double)));
}

const nanosKey = (nanos: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(nanos);
  return text(bytes);
};

const referenceKey = (name: string): string => name.split('/').map(textKey).join('') + '\0\0';

function mapKey(fields: Fields): string {
  const entries = Object.entries(fields).map(([name, value]) => [textKey(name), value] as const);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, value]) => `\x01${name}${valueKey(value)}`).join('') + '\0';
}

/** The rank of a value's type, which orders values of different types; integers and doubles share one. */
export const typeRank = (value: Value): string => valueKey(value).charAt(0);

/** The key of a value; equal keys mean values that Firestore holds equal, such as 1 and 1.0. */
export function valueKey(value: Value): string {
  if (isStructured(value)) return structuredKey(value);
  switch (value.valueType) {
    case 'nullValue':
      return '\x01';
    case 'booleanValue':
      return '\x02' + String(Number(value.booleanValue));
    case 'doubleValue':
      return doubleKey(value.doubleValue);
    case 'integerValue':
      return '\x04' + integerKey(value.integerValue);
    case 'timestampValue':
      return `\x05${integerKey(value.timestampValue.seconds)}${nanosKey(value.timestampValue.nanos)}`;
    case 'stringValue':
      return '\x06' + textKey(value.stringValue);
    case 'bytesValue':
      return '\x07' + bytesKey(value.bytesValue);
    case 'referenceValue':
      return '\x08' + referenceKey(value.referenceValue);
  }
}

function structuredKey(value: StructuredValue): string {
  switch (value.valueType) {
    case 'geoPointValue': {
      const { latitude, longitude } = value.geoPointValue;
      return `\x09${numberKey(latitude, 0)}${numberKey(longitude, 0)}`;
    }
    case 'arrayValue':
      return `\x0a${value.arrayValue.values.map(valueKey).join('')}\0`;
    case 'mapValue':
      return '\x0b' + mapKey(value.mapValue.fields);
    case 'fieldReferenceValue':
    case 'variableReferenceValue':
    case 'functionValue':
    case 'pipelineValue':
    case undefined:
      throw new Refusal('INVALID_ARGUMENT', 'A value has no type that can be stored.');
  }
}

/** The key that sorts the other way round. */
export const inverted = (key: string): string =>
  text(Buffer.from(key, 'latin1').map((byte) => 255 - byte));

/** The first string after all that begin with the key; its last character is no byte, so it is no key itself. */
export const after = (key: string): string => key + '\u0100';
