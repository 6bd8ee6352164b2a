import { RECORD, compareKeys, orderByByte, orderByKey } from '@keyserver/exposure-keys';

/** Which of two records of the same key is kept. */
type Precedes = (a: number, b: number) => boolean;

/** Bytes of the metadata from the least to the most significant one. */
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

/**
 * The numbers of packed records in the order of a file: by start, period, risk, report type, onset days, then key. Each key
 * appears once. The order depends on nothing but the records, so it tells neither who uploaded a key nor when.
 */
export function fileOrder(records: Buffer, precedes: Precedes): Uint32Array {
  const unique = dropDuplicates(orderByKey(records), records, precedes);
  return METADATA.reduce<Uint32Array>((order, byte) => orderByByte(order, records, byte), unique);
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
