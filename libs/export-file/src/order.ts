import { KEY_BYTES, RECORD, RECORD_BYTES } from '@keyserver/exposure-keys';

/** Which of two records of the same key is kept. */
type Precedes = (a: number, b: number) => boolean;

const BYTE_VALUES = 256;
/** Keys are random: after three bytes few are still tied, unless somebody chose them. */
const PREFIX = [2, 1, 0];
/** Bytes of the metadata from the least to the most significant one; onset is signed. */
const METADATA = [
  RECORD.onsetDays,
  RECORD.reportType,
  RECORD.risk,
  RECORD.period,
  RECORD.start,
  RECORD.start + 1,
  RECORD.start + 2,
  RECORD.start + 3,
];
const SIGN = 0x80;

/**
 * The numbers of packed records in the order of a file: by start, period, risk, report type, onset days, then key. Each key
 * appears once. The order depends on nothing but the records, so it tells neither who uploaded a key nor when.
 */
export function fileOrder(records: Buffer, precedes: Precedes): Uint32Array {
  const unique = dropDuplicates(orderByKey(records), records, precedes);
  return METADATA.reduce<Uint32Array>((order, byte) => orderByByte(order, records, byte), unique);
}

function orderByKey(records: Buffer): Uint32Array {
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

/** One stable counting pass: records keep their order among equals. */
function orderByByte(order: Uint32Array, records: Buffer, byte: number): Uint32Array {
  const values = valuesOf(order, records, byte);
  const ends = new Uint32Array(BYTE_VALUES);
  for (const value of values) bump(ends, value, 1);
  if (ends.includes(order.length)) return order;
  let before = 0;
  for (let value = 0; value < BYTE_VALUES; value++) before = bump(ends, value, before);
  const sorted = new Uint32Array(order.length);
  for (let at = values.length - 1; at >= 0; at--)
    sorted[bump(ends, values[at] ?? 0, -1)] = order[at] ?? 0;
  return sorted;
}

/** One byte of each record, in order. Reading the records is the slow part, so it is done once. */
function valuesOf(order: Uint32Array, records: Buffer, byte: number): Uint8Array {
  const flip = byte === RECORD.onsetDays ? SIGN : 0;
  const values = new Uint8Array(order.length);
  for (let at = 0; at < values.length; at++)
    values[at] = byteAt(records, order[at] ?? 0, byte) ^ flip;
  return values;
}

/** Changes a count and gives what it is then. */
function bump(counts: Uint32Array, at: number, by: number): number {
  const changed = (counts[at] ?? 0) + by;
  counts[at] = changed;
  return changed;
}

const byteAt = (records: Buffer, n: number, byte: number): number =>
  records[n * RECORD_BYTES + byte] ?? 0;

const prefixOf = (records: Buffer, n: number): number =>
  records.readUIntBE(n * RECORD_BYTES, PREFIX.length);

function endOfTies(order: Uint32Array, records: Buffer, from: number): number {
  const prefix = prefixOf(records, order[from] ?? 0);
  let to = from + 1;
  while (to < order.length && prefixOf(records, order[to] ?? 0) === prefix) to++;
  return to;
}

function dropDuplicates(order: Uint32Array, records: Buffer, precedes: Precedes): Uint32Array {
  let kept = 0;
  for (const n of order) {
    const last = order[kept - 1];
    if (last === undefined || compareKeys(records, last, n) !== 0) order[kept++] = n;
    else if (precedes(n, last)) order[kept - 1] = n;
  }
  return order.slice(0, kept);
}

/** Most keys differ in their first bytes; only the others are worth a call. */
function compareKeys(records: Buffer, a: number, b: number): number {
  const difference = prefixOf(records, a) - prefixOf(records, b);
  if (difference !== 0) return difference;
  const [one, other] = [a * RECORD_BYTES, b * RECORD_BYTES];
  return records.compare(records, other, other + KEY_BYTES, one, one + KEY_BYTES);
}
