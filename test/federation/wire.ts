/**
 * The messages of proto/federation.proto by hand, from the description of the encoding alone
 * (https://protobuf.dev/programming-guides/encoding/). No library that the server uses has a part in it, so that a mistake of a
 * library cannot hide on both sides.
 */
type Kind = 'bool' | 'int' | 'sint' | 'text' | 'bytes' | Schema;
type Field = readonly [name: string, number: number, kind: Kind, repeated?: 'repeated'];
type Schema = readonly Field[];
type Values = Record<string, unknown>;

/** A place in the order of one kind of keys; `timestamp` in Unix seconds. */
export interface WireCursor {
  readonly timestamp: number;
  readonly nextToken: string;
}

export interface WireState {
  readonly keyCursor?: WireCursor | undefined;
  readonly revisedKeyCursor?: WireCursor | undefined;
}

export interface WireRequest {
  readonly includeRegions: readonly string[];
  readonly excludeRegions: readonly string[];
  readonly onlyTravelers: boolean;
  readonly onlyLocalProvenance: boolean;
  readonly maxExposureKeys: number;
  readonly state?: WireState | undefined;
}

export interface WireKey {
  readonly exposureKey: Buffer;
  readonly transmissionRisk: number;
  readonly intervalNumber: number;
  readonly intervalCount: number;
  readonly reportType: number;
  readonly daysSinceOnsetOfSymptoms: number;
  readonly hasSymptomOnset: boolean;
  readonly traveler: boolean;
  readonly regions: readonly string[];
  readonly verificationAuthorityName: string;
}

export interface WireResponse {
  readonly keys: readonly WireKey[];
  readonly revisedKeys: readonly WireKey[];
  readonly partialResponse: boolean;
  readonly nextFetchState?: WireState | undefined;
}

const CURSOR: Schema = [
  ['timestamp', 1, 'int'],
  ['nextToken', 2, 'text'],
];
const STATE: Schema = [
  ['keyCursor', 1, CURSOR],
  ['revisedKeyCursor', 2, CURSOR],
];
const REQUEST: Schema = [
  ['includeRegions', 1, 'text', 'repeated'],
  ['excludeRegions', 2, 'text', 'repeated'],
  ['onlyTravelers', 3, 'bool'],
  ['onlyLocalProvenance', 4, 'bool'],
  ['maxExposureKeys', 5, 'int'],
  ['state', 6, STATE],
];
const KEY: Schema = [
  ['exposureKey', 1, 'bytes'],
  ['transmissionRisk', 2, 'int'],
  ['intervalNumber', 3, 'int'],
  ['intervalCount', 4, 'int'],
  ['reportType', 5, 'int'],
  ['daysSinceOnsetOfSymptoms', 6, 'sint'],
  ['hasSymptomOnset', 7, 'bool'],
  ['traveler', 8, 'bool'],
  ['regions', 9, 'text', 'repeated'],
  ['verificationAuthorityName', 100, 'text'],
];
const RESPONSE: Schema = [
  ['keys', 1, KEY, 'repeated'],
  ['revisedKeys', 2, KEY, 'repeated'],
  ['partialResponse', 3, 'bool'],
  ['nextFetchState', 4, STATE],
];

export const encodeRequest = (request: Partial<WireRequest>): Buffer => encode(REQUEST, request);
export const decodeRequest = (bytes: Uint8Array): WireRequest => decode(REQUEST, bytes) as never;
export const encodeResponse = (response: WireResponse): Buffer => encode(RESPONSE, response);
export const decodeResponse = (bytes: Uint8Array): WireResponse => decode(RESPONSE, bytes) as never;

/** A number as the encoding writes all numbers: seven bits in a byte, the lowest first. Negative ones have 64 bits. */
function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return Buffer.from([...bytes, Number(left)]);
}

/** The tag of a field and its content; with `length` in front for all that has one. */
const field = (number: number, type: 0 | 2, content: Uint8Array): Buffer =>
  Buffer.concat([
    varint(number * 8 + type),
    ...(type === 2 ? [varint(content.length)] : []),
    content,
  ]);

function encode(schema: Schema, message: object): Buffer {
  const values = message as Values;
  return Buffer.concat(
    schema.flatMap(([name, number, kind, repeated]) => {
      const value = values[name];
      if (value === undefined) return [];
      if (repeated !== undefined)
        return (value as readonly unknown[]).map((one) => encodeField(number, kind, one));
      return isDefault(value) ? [] : [encodeField(number, kind, value)];
    }),
  );
}

/** What proto3 leaves away: it reads the same as if it were absent. */
const isDefault = (value: unknown): boolean => value === 0 || value === '' || value === false;

function encodeField(number: number, kind: Kind, value: unknown): Buffer {
  switch (kind) {
    case 'bool':
      return field(number, 0, varint(value === true ? 1 : 0));
    case 'int':
      return field(number, 0, varint(value as number));
    case 'sint': {
      const signed = value as number;
      return field(number, 0, varint(signed < 0 ? -2 * signed - 1 : 2 * signed));
    }
    case 'text':
      return field(number, 2, Buffer.from(value as string));
    case 'bytes':
      return field(number, 2, value as Buffer);
    default:
      return field(number, 2, encode(kind, value as object));
  }
}

const emptyOf = (kind: Kind): unknown => {
  if (typeof kind !== 'string') return undefined;
  return { bool: false, int: 0, sint: 0, text: '', bytes: Buffer.alloc(0) }[kind];
};

function decode(schema: Schema, bytes: Uint8Array): Values {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const message: Values = Object.fromEntries(
    schema.map(([name, , kind, repeated]) => [name, repeated === undefined ? emptyOf(kind) : []]),
  );
  for (let at = 0; at < buffer.length;) {
    const [tag, afterTag] = readVarint(buffer, at);
    const isLong = (Number(tag) & 7) === 2;
    if (!isLong && (Number(tag) & 7) !== 0) throw new Error(`an unexpected type in tag ${tag}`);
    const [number, start] = readVarint(buffer, afterTag);
    at = isLong ? start + Number(number) : start;
    if (at > buffer.length) throw new Error('a field ends behind its message');
    const known = schema.find(([, of]) => of === Number(tag) >> 3);
    if (known === undefined) continue;
    const [name, , kind, repeated] = known;
    const value = decodeField(kind, isLong ? buffer.subarray(start, at) : number);
    if (repeated === undefined) message[name] = value;
    else (message[name] as unknown[]).push(value);
  }
  return message;
}

function decodeField(kind: Kind, content: Buffer | bigint): unknown {
  if (typeof content === 'bigint') {
    if (kind === 'bool') return content !== 0n;
    if (kind === 'sint') return Number((content >> 1n) ^ -(content & 1n));
    if (kind === 'int') return Number(BigInt.asIntN(64, content));
    throw new Error('a number where none belongs');
  }
  if (kind === 'text') return content.toString();
  if (kind === 'bytes') return content;
  if (typeof kind !== 'string') return decode(kind, content);
  throw new Error('bytes where a number belongs');
}

function readVarint(buffer: Buffer, from: number): [value: bigint, at: number] {
  let value = 0n;
  for (let at = from; at < buffer.length; at++) {
    const byte = buffer[at] ?? 0;
    value |= BigInt(byte & 127) << BigInt(7 * (at - from));
    if (byte < 128) return [value, at + 1];
  }
  throw new Error('a number has no end');
}
