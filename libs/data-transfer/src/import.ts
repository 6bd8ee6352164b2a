import {
  type Collection,
  type DocumentStore,
  MAX_TRANSACTION_BYTES,
  MAX_WRITES,
  StoreFault,
  writtenBytes,
} from '@keyserver/docstore';
import { OTHER_SECRET, type Position, advance, claim, finishImport } from './claim-target.ts';
import {
  type BucketNames,
  type Comparison,
  type HearRead,
  type Recorded,
  documentsOf,
  withBucketNames,
} from './collection-file.ts';
import type { Manifest } from './manifest.ts';
import { type OpenExport, isHashedUnder, openExport, unknownBucket } from './open-export.ts';
import { isLiveAt } from './record.ts';
import { type Refused, DataExportFault, refused, refusing } from './unusable-export.ts';
import { type Difference, comparedAfter, differencesFrom, formatDifference } from './verify.ts';
import { workInProgress } from './work-in-progress.ts';

/** Bounds of one transaction. The position is one more write, and other names of buckets make a document larger. */
const MOST_DOCUMENTS = MAX_WRITES - 1;
const MOST_BYTES = MAX_TRANSACTION_BYTES / 2;

/** What is imported. */
interface ImportRequest {
  readonly directory: string;
  /** What buckets are called at the target. */
  readonly buckets?: BucketNames;
  /** What the target looks stored keys up by, where it is known; it must be the secret of the source. */
  readonly keyHashSecret?: Uint8Array | undefined;
  /** Who asks for it. */
  readonly actor?: string;
  /** Told after every transaction how many documents of a collection are in. */
  readonly wrote?: (collection: string, documents: number) => void;
  readonly read?: HearRead;
}

/** How an import ended. `differs`: somebody else wrote to the target, which must not be used. */
export type ImportOutcome =
  | { readonly kind: 'imported'; readonly manifest: Manifest }
  | { readonly kind: 'imported-before'; readonly manifest: Manifest; readonly at: number }
  | {
      readonly kind: 'differs';
      readonly manifest: Manifest;
      readonly differences: readonly Difference[];
    }
  | Refused;

/**
 * Writes an export into an empty store and compares the two. Nothing is written before every byte of the export has been
 * checked. After it was killed it can be run again, and goes on.
 */
export const importData = async (
  store: DocumentStore,
  request: ImportRequest,
): Promise<ImportOutcome> =>
  await refusing(async () => {
    const now = await store.now();
    const { directory, buckets = NO_NAMES, read } = request;
    const exported = await openExport(directory, { liveAt: comparedAfter(now), buckets, read });
    const problem = await whyNotInto(store, exported, request);
    if (problem !== undefined) return refused(problem);
    const { manifest } = exported;
    const begun = await claim(store, manifest, request);
    if (begun.finishedAt !== undefined)
      return { kind: 'imported-before', manifest, at: begun.finishedAt };
    await writeAll(store, { exported, begun, now, request });
    return await finish(store, { directory, buckets, read });
  });

const NO_NAMES: BucketNames = new Map();

async function whyNotInto(
  store: DocumentStore,
  exported: OpenExport,
  { keyHashSecret, buckets = NO_NAMES }: ImportRequest,
): Promise<string | undefined> {
  const { storeTime } = exported.manifest;
  const now = await store.now();
  if (now < storeTime)
    return `the target's time is ${timeText(now)}, before the source's at the export, ${timeText(storeTime)}; mend its clock or wait`;
  if (keyHashSecret !== undefined && !(await isHashedUnder(exported, keyHashSecret)))
    return OTHER_SECRET;
  const unknown = await unknownBucket(exported, buckets.keys());
  if (unknown !== undefined) return `no export is configured for a bucket ${unknown}`;
  return await workInProgress(store);
}

const timeText = (t: number): string => new Date(t).toISOString();

// The import may have taken hours, in which documents have expired.
async function finish(
  store: DocumentStore,
  {
    directory,
    buckets,
    read,
  }: Pick<Comparison, 'buckets' | 'read'> & Pick<ImportRequest, 'directory'>,
): Promise<ImportOutcome> {
  const liveAt = comparedAfter(await store.now());
  const { manifest, live } = await openExport(directory, { liveAt, buckets, read });
  const differences = [
    ...(await differencesFrom(live, store, { liveAt, read })),
    ...(await formatDifference(manifest.storeFormat, store)),
  ];
  if (differences.length > 0) return { kind: 'differs', manifest, differences };
  await finishImport(store, manifest.exportId);
  return { kind: 'imported', manifest };
}

interface Writing {
  readonly exported: OpenExport;
  readonly begun: Position;
  readonly now: number;
  readonly request: ImportRequest;
}

async function writeAll(store: DocumentStore, writing: Writing): Promise<void> {
  const { files } = writing.exported;
  const first = files.findIndex(
    ({ collection: { layout } }) => layout.name === writing.begun.collection,
  );
  let from: Position = { collection: writing.begun.collection, documents: writing.begun.documents };
  for (const file of files.slice(Math.max(first, 0)))
    from = await writeFile(store, { ...writing, ...file, from });
}

type WritingFile = Omit<Writing, 'begun'> &
  OpenExport['files'][number] & { readonly from: Position };

/** Writes what is not yet in of one file; gives the position behind it. */
async function writeFile(
  store: DocumentStore,
  { exported, request, now, collection, path, from: begun }: WritingFile,
): Promise<Position> {
  const { exportId } = exported.manifest;
  const { buckets = NO_NAMES } = request;
  const { name } = collection.layout;
  let from = begun;
  const done = begun.collection === name ? begun.documents : 0;
  let documents = done;
  for await (const group of groups(collection, documentsOf(path, { exportId, collection }), done)) {
    documents += group.length;
    const step = { from, to: { collection: name, documents } };
    await store
      .transact(async (tx) => {
        if (!(await advance(tx, exportId, step))) return;
        // What has expired since must not come back to life.
        for (const { id, value } of group)
          if (isLiveAt(collection, value, now))
            tx.create(collection, id, withBucketNames(collection, value, buckets));
      })
      .catch(refusedBy(name));
    from = step.to;
    request.wrote?.(name, documents);
  }
  return from;
}

function refusedBy(collection: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof StoreFault) || error.code !== 'refused') throw error;
    throw new DataExportFault(
      `the target refused documents of ${collection}: ${error.message}; is somebody else writing to it?`,
      { cause: error },
    );
  };
}

/** The documents behind the first `skipped`, in groups that one transaction takes. */
async function* groups<D>(
  collection: Collection<D>,
  documents: AsyncIterable<Recorded<D>>,
  skipped: number,
): AsyncGenerator<readonly Recorded<D>[]> {
  let group: Recorded<D>[] = [];
  let bytes = 0;
  let seen = 0;
  for await (const document of documents) {
    if (seen++ < skipped) continue;
    const weight = writtenBytes(collection, document.id, document.value);
    const full = group.length === MOST_DOCUMENTS || bytes + weight > MOST_BYTES;
    if (full && group.length > 0) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(document);
    bytes += weight;
  }
  if (group.length > 0) yield group;
}
