import { KEY_BYTES } from './key.ts';
import { RECORD, RECORD_BYTES } from './packed-records.ts';

const BYTE_VALUES = 256;
/** Keys are random: after three bytes few are still tied, unless somebody chose them. */
const PREFIX = [2, 1, 0];
const SIGN = 0x80;

/** The numbers of packed records in the order of their keys, as bytes. Records of one key stand together. */
export function orderByKey(records: Buffer): Uint32Array {
  const unsorted = new Uint32Array(records.length / RECORD_BYTES).map((_, n) => n);
  const order = PREFIX.reduce<Uint32Array>(
    (sorted, byte) => orderByByte(sorted, records, byte),
    unsorted,
  );
  for (let from = 0; from < order.length;) {
    const to = endOfTies(order, records, from);
    if (to - from > 1) order.subarray(from, to).sort((a, b) => compareKeys(records, a, b));
    from = to;
  }
  return order;
}

/** One stable counting pass by a byte of each record: records keep their order among equals. Onset is signed. */
export function orderByByte(order: Uint32Array, records: Buffer, byte: number): Uint32Array {
  const values = valuesOf(order, records, byte);
  const ends = new Uint32Array(BYTE_VALUES);
  for (const value of values) bump(ends, value, 1);
  if (ends.includes(order.length)) return order;
  let before = 0;
  for (let value = 0; value < BYTE_VALUES; value++) before = bump(ends, value, before);
  const sorted = new Uint32Array(order.length);
  for (let at = values.length - 1; at >= 0; at--)
    sorted[bump(ends, numberAt(values, at), -1)] = numberAt(order, at);
  return sorted;
}

/** Which key of two records comes first: below 0 that of `a`. Most keys differ in their first bytes; only the others are worth a call. */
export function compareKeys(records: Buffer, a: number, b: number): number {
  const difference = prefixOf(records, a) - prefixOf(records, b);
  if (difference !== 0) return difference;
  const [one, other] = [a * RECORD_BYTES, b * RECORD_BYTES];
  return records.compare(records, other, other + KEY_BYTES, one, one + KEY_BYTES);
}

/** One byte of each record, in order. Reading the records is the slow part, so it is done once. */
function valuesOf(order: Uint32Array, records: Buffer, byte: number): Uint8Array {
  const flip = byte === RECORD.onsetDays ? SIGN : 0;
  const values = new Uint8Array(order.length);
  for (let at = 0; at < values.length; at++)
    values[at] = numberAt(records, numberAt(order, at) * RECORD_BYTES + byte) ^ flip;
  return values;
}

/** Changes a count and gives what it is then. */
function bump(counts: Uint32Array, at: number, by: number): number {
  const changed = numberAt(counts, at) + by;
  counts[at] = changed;
  return changed;
}

const numberAt = (numbers: Uint8Array | Uint32Array, at: number): number =>
  // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- the loops above never leave their arrays
  numbers[at]!;

const prefixOf = (records: Buffer, n: number): number =>
  records.readUIntBE(n * RECORD_BYTES, PREFIX.length);

function endOfTies(order: Uint32Array, records: Buffer, from: number): number {
  const prefix = prefixOf(records, numberAt(order, from));
  let to = from + 1;
  while (to < order.length && prefixOf(records, numberAt(order, to)) === prefix) to++;
  return to;
}
