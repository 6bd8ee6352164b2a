import type { PaddingDocument } from '@keyserver/export-file';
import { RECORD_BYTES } from '@keyserver/exposure-keys';

/** The transaction that creates the padding also writes the batch and its day, and must stay within 500 writes. */
const MAX_DOCUMENTS = 498;
const MAX_RECORDS = 500;

/**
 * The same generated keys in documents that fit one transaction. Every combination of regions has documents of its own,
 * so a batch of many combinations may need too many; the keys of the rarest ones then move to the most common one, which
 * the export takes just as well. Throws when even full documents are too many.
 */
export function boundDocuments(
  documents: readonly PaddingDocument[],
  most = MAX_DOCUMENTS,
): readonly PaddingDocument[] {
  if (documents.length <= most) return documents;
  const largestFirst = [...documents].sort((a, b) => b.records.length - a.records.length);
  for (let kept = most - 1; kept > 0; kept--) {
    const moved = Buffer.concat(largestFirst.slice(kept).map(({ records }) => records));
    const [common] = largestFirst;
    const needed = Math.ceil(moved.length / (MAX_RECORDS * RECORD_BYTES));
    if (common !== undefined && kept + needed <= most)
      return [...largestFirst.slice(0, kept), ...repack(common, moved)];
  }
  throw new RangeError('more padding than one transaction can store');
}

function repack(like: PaddingDocument, records: Buffer): readonly PaddingDocument[] {
  const sorted = sortByKey(records);
  const documents: PaddingDocument[] = [];
  for (let at = 0; at < sorted.length; at += MAX_RECORDS * RECORD_BYTES)
    documents.push({ ...like, records: sorted.subarray(at, at + MAX_RECORDS * RECORD_BYTES) });
  return documents;
}

function sortByKey(records: Buffer): Buffer {
  const each = Array.from({ length: records.length / RECORD_BYTES }, (_, n) =>
    records.subarray(n * RECORD_BYTES, (n + 1) * RECORD_BYTES),
  );
  return Buffer.concat(each.sort((a, b) => a.compare(b)));
}
