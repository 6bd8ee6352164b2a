import type { DocumentStore, Transaction } from '@keyserver/docstore';
import { KEY_BYTES, RECORD_BYTES, findRecord } from '@keyserver/exposure-keys';
import type { PlanSpan } from '@keyserver/padding';
import { type Random, randomId } from '@keyserver/random';
import { type KeyBatchDocument, keyBatches } from './key-batch-document.ts';
import { exportBatches } from './export-batch-document.ts';
import { type Pieces, type Readers, type StoredDocument, readersOn } from './key-range.ts';
import { partnerUnits } from './partner-unit-document.ts';
import { padBegun, padCells } from './padding-documents.ts';
import { isRevisionOf } from './revision-of-document.ts';
import { storedWindows } from './store-windows.ts';
import { findByHashes } from './stored-keys.ts';

/** What became of documents that were to be deleted. */
export interface DeletedDocuments {
  readonly documents: number;
  readonly keys: number;
  /** Revisions of their keys that went with them. */
  readonly revisions: number;
  /** Documents that stay: somebody has begun to count them, or may have been given them. */
  readonly kept: number;
}

/**
 * Deletes documents that nobody has begun to count, each with all revisions of its keys, in one transaction. A revision stays as far
 * as it is about other keys too, and none goes alone.
 */
export async function deleteDocuments(
  store: DocumentStore,
  wanted: readonly StoredDocument[],
  { span, random }: { readonly span: PlanSpan; readonly random: Random },
): Promise<DeletedDocuments> {
  const drawn: string[] = [];
  const idOf = (n: number): string => (drawn[n] ??= randomId(random));
  let done: DeletedDocuments | undefined;
  return await store.transact(async (tx) => {
    const ids = wanted.map(({ id }) => id);
    const stored = await tx.get(keyBatches, ids);
    const present = wanted.filter((_, n) => stored[n] !== undefined);
    // They were there when they were listed: an attempt of which nobody heard may have deleted them.
    if (done !== undefined && done.documents > 0 && present.length < done.documents + done.kept)
      return done;
    const found = await findByHashes(tx, [
      ...new Set(present.flatMap(({ value }) => value.keyHashes)),
    ]);
    const revisions = [...new Map(found.map((one) => [one.id, one])).values()];
    const untouched = await untouchedOf(tx, [...present, ...revisions], span);
    const gone = present.filter(
      ({ id, value }) =>
        untouched.has(id) &&
        revisionsOf(value, revisions).every((revision) => untouched.has(revision.id)),
    );
    for (const { id } of gone) tx.delete(keyBatches, id);
    done = {
      documents: gone.length,
      keys: gone.reduce((sum, { value }) => sum + value.records.length / RECORD_BYTES, 0),
      revisions: deleteRevisions(tx, { gone, revisions, idOf }),
      kept: present.length - gone.length,
    };
    return done;
  });
}

/** The documents that hold revisions of another's keys. */
const revisionsOf = (
  primary: KeyBatchDocument,
  all: readonly StoredDocument[],
): readonly StoredDocument[] =>
  all.filter(
    ({ value }) =>
      isRevisionOf(value, primary) &&
      keysIn(primary).some((key) => findRecord(value.records, key) !== undefined),
  );

const keysIn = ({ records }: KeyBatchDocument): readonly Uint8Array[] =>
  recordsIn(records).map((record) => record.subarray(0, KEY_BYTES));

const recordsIn = (records: Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: records.length / RECORD_BYTES }, (_, n) =>
    records.subarray(n * RECORD_BYTES, (n + 1) * RECORD_BYTES),
  );

/** Takes the records of deleted keys out of their revisions; gives how many. What is left of a document is one of its own. */
function deleteRevisions(
  tx: Transaction,
  {
    gone,
    revisions,
    idOf,
  }: {
    readonly gone: readonly StoredDocument[];
    readonly revisions: readonly StoredDocument[];
    readonly idOf: (n: number) => string;
  },
): number {
  let deleted = 0;
  for (const [n, { id, value }] of revisions.entries()) {
    const of = gone.filter((one) => isRevisionOf(value, one.value));
    const isGone = (record: Uint8Array): boolean =>
      of.some((one) => findRecord(one.value.records, record.subarray(0, KEY_BYTES)) !== undefined);
    const all = recordsIn(value.records);
    const left = all.filter((record) => !isGone(record));
    if (left.length === all.length) continue;
    deleted += all.length - left.length;
    tx.delete(keyBatches, id);
    if (left.length > 0) tx.create(keyBatches, idOf(n), { ...value, records: Buffer.concat(left) });
  }
  return deleted;
}

/**
 * The ids of batches and units that a worker has leased. It may have read a document before another one began to count, and would
 * put into its file what was deleted in between.
 */
async function leasedOf(
  tx: Transaction,
  pieces: readonly (Pieces | undefined)[],
): Promise<ReadonlySet<string>> {
  const batchIds = [...new Set(pieces.flatMap((one) => one?.batches ?? []))];
  const unitIds = [...new Set(pieces.flatMap((one) => one?.units ?? []))];
  const [batches, units] = await Promise.all([
    tx.get(exportBatches, batchIds),
    tx.get(partnerUnits, unitIds),
  ]);
  return new Set([
    ...batchIds.filter((_, n) => (batches[n]?.fence ?? 0) > 0),
    ...unitIds.filter((_, n) => (units[n]?.fence ?? 0) > 0),
  ]);
}

/** The ids of documents whose cells nobody has begun to count, and that nobody was given without a cell. */
async function untouchedOf(
  tx: Transaction,
  documents: readonly StoredDocument[],
  span: PlanSpan,
): Promise<ReadonlySet<string>> {
  const windows = await storedWindows(tx);
  const days = new Map<number, Readers>();
  for (const { value } of documents) {
    const day = value.window - (value.window % span);
    if (!days.has(day)) days.set(day, await readersOn(tx, day, { span, windows }));
  }
  const readersOf = ({ window }: KeyBatchDocument): Readers | undefined =>
    days.get(window - (window % span));
  const cellOf = (value: KeyBatchDocument): string | undefined =>
    readersOf(value)?.cellOf(value)?.id;
  const cells = [...new Set(documents.flatMap(({ value }) => cellOf(value) ?? []))];
  const [begun, settled] = await Promise.all([tx.get(padBegun, cells), tx.get(padCells, cells)]);
  const touched = new Set(
    cells.filter((_, n) => begun[n] !== undefined || settled[n] !== undefined),
  );
  const piecesOf = (value: KeyBatchDocument) => readersOf(value)?.piecesOf(value);
  const leased = await leasedOf(
    tx,
    documents.map(({ value }) => piecesOf(value)),
  );
  const isBeingRead = (value: KeyBatchDocument): boolean => {
    const { batches = [], units = [] } = piecesOf(value) ?? {};
    return [...batches, ...units].some((id) => leased.has(id));
  };
  return new Set(
    documents
      .filter(({ value }) => !touched.has(cellOf(value) ?? '') && !isBeingRead(value))
      .filter(({ value }) => readersOf(value)?.mayBeGiven(value, tx.now) !== true)
      .map(({ id }) => id),
  );
}
