import { type DocumentOf, type Json, collection, int, json } from '@keyserver/docstore';
import type { BatchSpan, ExportBatch, IndexedBatch } from '@keyserver/export-file';
import { unixMillis } from '@keyserver/time';
import { batchId } from './export-batch-document.ts';
import { array, integer, member, record, textOf } from './stored-json.ts';

/** A batch with files in few words: a document holds thousands of them. Its id follows from its export and its span. */
interface StoredEntry extends BatchSpan {
  readonly state: IndexedBatch['state'];
  readonly bucket: string;
  readonly filenameRoot: string;
  readonly signingKeys: readonly string[];
  readonly signers: readonly string[];
  readonly names: readonly string[];
}

const fields = {
  coveredUntil: int(),
  reach: int(),
  since: int(),
  open: json((stored): readonly BatchSpan[] => array(stored).map(spanOf)),
  batches: json((stored): readonly StoredEntry[] => array(stored).map(entryOf)),
};

/** What the index of an export is made of, as it is stored. */
export type IndexDocument = DocumentOf<typeof fields>;

/** What the index of each export is made of; derived from its batches and kept with them. It saves reading them all. */
export const exportIndexes = collection({ name: 'exportIndexes', fields });

/** What an index lists of a batch: nothing unless it is finished and has files. */
export function entriesOf(batch: ExportBatch): readonly StoredEntry[] {
  const { start, end, state, config, frozen, files } = batch;
  if (state !== 'stored' && state !== 'complete') return [];
  const { bucket, filenameRoot, signingKeys } = config;
  const signers = frozen?.signers.map(({ id }) => id) ?? [];
  const names = files.map(({ name }) => name);
  return [{ start, end, state, bucket, filenameRoot, signingKeys, signers, names }];
}

/** The listed batches of a document, in the order in which they were added. */
export const indexedIn = (configId: string, { batches }: IndexDocument): readonly IndexedBatch[] =>
  batches.map(({ start, end, state, signers, names, ...place }) => ({
    id: batchId(configId, { start, end }),
    ...{ start, end, state, signers, names },
    config: { id: configId, ...place },
  }));

const textsOf = (stored: Json | undefined): readonly string[] => array(stored).map(textOf);

function spanOf(stored: Json): BatchSpan {
  const [start, end] = ['start', 'end'].map((name) => integer(member(record(stored), name)));
  return { start: unixMillis(start ?? 0), end: unixMillis(end ?? 0) };
}

function entryOf(stored: Json): StoredEntry {
  const entry = record(stored);
  return {
    ...spanOf(stored),
    state: textOf(member(entry, 'state')) === 'stored' ? 'stored' : 'complete',
    bucket: textOf(member(entry, 'bucket')),
    filenameRoot: textOf(member(entry, 'filenameRoot')),
    signingKeys: textsOf(member(entry, 'signingKeys')),
    signers: textsOf(member(entry, 'signers')),
    names: textsOf(member(entry, 'names')),
  };
}
