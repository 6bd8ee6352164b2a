import type { Layout } from '@keyserver/docstore';
import { type Value, millisOf, readTimestamp, timestampOf } from './wire.ts';

type Column = Layout['fields'][number];
/** How a field lies in Firestore: the expiry must be a timestamp, or Firestore would never delete by it. */
type StoredKind = Column['kind'] | 'expiry';

/** How a declared field is stored. */
export const storedKind = (layout: Layout, column: Column): StoredKind =>
  layout.expiry === column.name ? 'expiry' : column.kind;

const EARLIEST_MS = -62_135_596_800_000;
const LATEST_MS = 253_402_300_799_999;
const LARGEST_ITEM = 2 ** 48;

const isInt = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value);

/** A value as it is sent; undefined when it is not one of the kind. */
export function valueOf(kind: StoredKind, value: unknown): Value | undefined {
  return WRITERS[kind](value);
}

const WRITERS: Readonly<Record<StoredKind, (value: unknown) => Value | undefined>> = {
  int: (value) => (isInt(value) ? { integerValue: String(value) } : undefined),
  expiry: (value) =>
    isInt(value) && value >= EARLIEST_MS && value <= LATEST_MS
      ? { timestampValue: timestampOf(value) }
      : undefined,
  text: (value) => (typeof value === 'string' ? { stringValue: value } : undefined),
  bool: (value) => (typeof value === 'boolean' ? { booleanValue: value } : undefined),
  bytes: (value) => (value instanceof Uint8Array ? { bytesValue: value } : undefined),
  ints: (value) =>
    listOf(value, (item) =>
      isInt(item) && item >= 0 && item < LARGEST_ITEM ? { integerValue: String(item) } : undefined,
    ),
  texts: (value) =>
    listOf(value, (item) => (typeof item === 'string' ? { stringValue: item } : undefined)),
  json: (value) => (value === undefined ? undefined : { stringValue: JSON.stringify(value) }),
};

function listOf(value: unknown, write: (item: unknown) => Value | undefined): Value | undefined {
  if (!Array.isArray(value)) return undefined;
  const values = value.flatMap((item: unknown) => write(item) ?? []);
  return values.length === value.length ? { arrayValue: { values } } : undefined;
}

const part = (of: unknown, name: string): unknown =>
  typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;

/** A stored value in the form that a collection's codec takes; one of another type gives null, which fits no field. */
export function nativeOf(kind: StoredKind, stored: unknown): unknown {
  return READERS[kind](stored) ?? null;
}

const readInt = (stored: unknown): number | undefined => {
  const digits = part(stored, 'integerValue');
  return typeof digits === 'string' ? Number(digits) : undefined;
};

const READERS: Readonly<Record<StoredKind, (stored: unknown) => unknown>> = {
  int: readInt,
  expiry: (stored) => millisOf(readTimestamp(part(stored, 'timestampValue'))),
  text: (stored) => part(stored, 'stringValue'),
  bool: (stored) => part(stored, 'booleanValue'),
  bytes: (stored) => part(stored, 'bytesValue'),
  ints: (stored) => itemsOf(stored)?.map(readInt),
  texts: (stored) => itemsOf(stored)?.map((item) => part(item, 'stringValue')),
  json: (stored) => part(stored, 'stringValue'),
};

// An empty array has no `values` in the protocol.
function itemsOf(stored: unknown): readonly unknown[] | undefined {
  const array = part(stored, 'arrayValue');
  if (array === undefined || array === null) return undefined;
  const values: unknown = part(array, 'values') ?? [];
  return Array.isArray(values) ? values : undefined;
}
