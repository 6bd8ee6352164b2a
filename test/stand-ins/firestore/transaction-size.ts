import type { Version } from './collection.ts';
import { documentSize } from './document-size.ts';
import type { Change } from './documents.ts';
import { type IndexEntries, indexEntries } from './index-entries.ts';
import type { FirestoreIndexes } from './index-rules.ts';
import { Refusal } from '../grpc/refusal.ts';

// https://firebase.google.com/docs/firestore/manage-data/transactions#transaction_failure
const MAX_TRANSACTION_BYTES = 10_485_760;
// https://firebase.google.com/docs/firestore/quotas#indexes
const MAX_ENTRIES = 40_000;
const MAX_ENTRIES_BYTES = 8_388_608;

const NO_INDEXES: FirestoreIndexes = { indexes: [], fields: [] };
const NONE: IndexEntries = new Map();

/**
 * Refuses a commit that changes too much: documents and index entries that are written, and those that are deleted with a
 * document; and a document that has too many entries.
 */
export function checkTransactionSize(
  changes: readonly Change[],
  indexes: FirestoreIndexes = NO_INDEXES,
): void {
  const bytes = changes.reduce((sum, change) => sum + changedBytes(indexes, change), 0);
  if (bytes > MAX_TRANSACTION_BYTES)
    throw invalid('Transaction too big. Decrease transaction size.');
}

function changedBytes(indexes: FirestoreIndexes, { before, after }: Change): number {
  const [old, fresh] = [before, after].map((version) => entriesOf(indexes, version));
  if (after !== undefined) checkEntries(after, fresh ?? NONE);
  const document = after ?? before;
  return (
    (document === undefined ? 0 : documentSize(document.place.name, document.fields)) +
    bytesMissingFrom(fresh ?? NONE, old ?? NONE) +
    bytesMissingFrom(old ?? NONE, fresh ?? NONE)
  );
}

const entriesOf = (indexes: FirestoreIndexes, version: Version | undefined): IndexEntries =>
  version === undefined ? NONE : indexEntries(indexes, version);

/** The bytes of the entries that one version of a document has and the other lacks: those that a commit adds or removes. */
const bytesMissingFrom = (other: IndexEntries, entries: IndexEntries): number =>
  [...entries].reduce((sum, [entry, size]) => sum + (other.has(entry) ? 0 : size), 0);

function checkEntries({ place }: Version, entries: IndexEntries): void {
  const bytes = [...entries.values()].reduce((sum, size) => sum + size, 0);
  if (entries.size > MAX_ENTRIES || bytes > MAX_ENTRIES_BYTES)
    throw invalid(`Too many index entries for the document '${place.name}'.`);
}

const invalid = (message: string): Refusal => new Refusal('INVALID_ARGUMENT', message);
