import {
  type BlobStore,
  archiveName,
  indexName,
  verificationKeysName,
} from '@keyserver/export-file';
import {
  type BatchRetirement,
  type ExportPlace,
  type RetiredBatch,
  STORE_ID_OBJECT,
  type StrayRecords,
} from '@keyserver/stores';
import { DAY, HOUR, SECOND, type UnixMillis } from '@keyserver/time';
import type { ReadIndexNames } from './index-names.ts';

/** What comparing a bucket with the records needs. */
export interface SweepBucketDeps {
  readonly retirement: BatchRetirement;
  readonly strays: StrayRecords;
  readonly namesIn: ReadIndexNames;
  /** How far an export was ever cut; undefined for one that never was. */
  readonly coveredUntil: (exportId: string) => Promise<UnixMillis | undefined>;
}

/** How a bucket compares with the records. */
export interface BucketSweep {
  /** Listed archives that are not there, by their export. */
  readonly missing: ReadonlyMap<string, number>;
  /** Objects that no record knows, the deleted ones among them. */
  readonly unknown: number;
  readonly deleted: number;
  /** Whether archives are there of which the store should have records, and has none. */
  readonly lacksRecords: boolean;
}

/** Unlisted objects that are remembered in a run before they are compared with records, below the roots of exports and elsewhere. */
const MOST_SEEN = { below: 100_000, elsewhere: 10_000 };
/** Stray objects that a run reports and deletes. */
const MOST_STRAYS = 1000;
/** How long after it was first reported a stray object stays. */
const REPORTED_FOR = DAY;

/**
 * Compares what lies in a bucket with the indexes and the records. What nobody knows is reported first. It is deleted a day after a
 * run has reported it, if it lies below the root of an export: what lies elsewhere in the bucket is not ours to delete. Nothing is
 * deleted of a bucket whose archives show that the store has lost records.
 */
export async function sweepBucket(
  deps: SweepBucketDeps,
  { name, bucket, places }: SweptBucket,
  { certain, signal }: { readonly certain: UnixMillis; readonly signal: AbortSignal },
): Promise<BucketSweep | undefined> {
  const listed = await listedAt(deps, places);
  if (listed === undefined) return undefined;
  const compared = await compare(bucket, { places, listed, signal });
  if (compared === undefined) return undefined;
  const { missing, unknown: seen } = compared;
  const unclaimed = await withoutClaimed(deps.retirement, { bucket: name, seen, signal });
  if (unclaimed === undefined) return undefined;
  const unknown = belowRootsFirst(places, unclaimed);
  const found = { missing, unknown: unknown.length, deleted: 0 };
  if (await lacksRecords(deps, places, unknown)) return { ...found, lacksRecords: true };
  const reported = unknown.slice(0, MOST_STRAYS);
  const since = await deps.strays.note(name, reported);
  let deleted = 0;
  for (const stray of reported) {
    if (signal.aborted) break;
    const isReported = (since.get(stray.name) ?? Infinity) <= certain - REPORTED_FOR;
    if (!isReported || !isBelowRoot(places, stray.name)) continue;
    await bucket.delete(stray.name);
    deleted += 1;
  }
  return { ...found, deleted, lacksRecords: false };
}

/** A bucket, and the places in it. */
export interface SweptBucket {
  readonly name: string;
  readonly bucket: BlobStore;
  readonly places: readonly ExportPlace[];
}

interface Seen {
  readonly name: string;
  readonly generation: string;
}

/** What the indexes of a bucket name, by their export; undefined when one of them cannot be read. */
async function listedAt(
  { namesIn }: SweepBucketDeps,
  places: readonly ExportPlace[],
): Promise<ReadonlyMap<string, string> | undefined> {
  const listed = new Map<string, string>();
  for (const place of places) {
    const names = await namesIn(place);
    if (names === undefined) return undefined;
    for (const name of names) listed.set(name, place.id);
  }
  return listed;
}

interface Compared {
  readonly missing: ReadonlyMap<string, number>;
  readonly unknown: readonly Seen[];
}

/**
 * Goes through the objects once: which listed ones are not there, and which ones are not listed. Undefined when the run ended
 * meanwhile: what was not seen is not missing.
 */
async function compare(
  bucket: BlobStore,
  { places, listed, signal }: Comparing,
): Promise<Compared | undefined> {
  const own = new Set([STORE_ID_OBJECT]);
  for (const { filenameRoot } of places)
    own.add(indexName(filenameRoot)).add(verificationKeysName(filenameRoot));
  const absent = new Map(listed);
  const unknown = { below: [] as Seen[], elsewhere: [] as Seen[] };
  for await (const { name, generation } of bucket.list('')) {
    if (signal.aborted) return undefined;
    const where = isBelowRoot(places, name) ? 'below' : 'elsewhere';
    if (listed.has(name)) absent.delete(name);
    else if (!own.has(name) && unknown[where].length < MOST_SEEN[where])
      unknown[where].push({ name, generation });
  }
  const missing = new Map<string, number>();
  for (const id of absent.values()) missing.set(id, (missing.get(id) ?? 0) + 1);
  return { missing, unknown: [...unknown.below, ...unknown.elsewhere] };
}

interface Comparing {
  readonly places: readonly ExportPlace[];
  readonly listed: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
}

/**
 * What no batch claims; undefined when the run ended before all were asked. Batches are read in the order of their states, after the objects were listed: so whatever was written
 * before it was listed is found in the state that its batch has come to.
 */
async function withoutClaimed(
  retirement: BatchRetirement,
  {
    bucket,
    seen,
    signal,
  }: { readonly bucket: string; readonly seen: readonly Seen[]; readonly signal: AbortSignal },
): Promise<readonly Seen[] | undefined> {
  const left = new Map(seen.map((object) => [object.name, object]));
  for (const state of ['open', 'stored', 'complete', 'retired'] as const) {
    if (left.size === 0) break;
    for await (const page of retirement.ending(state)) {
      if (signal.aborted) return undefined;
      const here = page.filter(({ config }) => config.bucket === bucket);
      for (const name of here.flatMap((batch) => claimedBy(batch, left.keys()))) left.delete(name);
    }
  }
  return [...left.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What lies elsewhere is not deleted, and must not keep what is to be deleted from being reported. */
const belowRootsFirst = (
  places: readonly ExportPlace[],
  unknown: readonly Seen[],
): readonly Seen[] => [
  ...unknown.filter(({ name }) => isBelowRoot(places, name)),
  ...unknown.filter(({ name }) => !isBelowRoot(places, name)),
];

/** The names that a batch has recorded, and of an open one those that its files will have, once they are written. */
function claimedBy(batch: RetiredBatch, names: Iterable<string>): readonly string[] {
  const recorded = batch.files.map(({ name }) => name);
  if (batch.state !== 'open') return recorded;
  const prefix = archiveName(batch.config.filenameRoot, batch, 0).replace(/[^-]*$/, '');
  return [...names].filter((name) => name.startsWith(prefix));
}

const ARCHIVE = /^(.+)\/\d+-(\d+)-\d{5}\.zip$/;
/** Names count attempts in seconds, so that an archive may seem to end a little later than it does. */
const ATTEMPTS = HOUR;

/**
 * Whether archives show that records are lost: no export of their root was ever cut, or none as far as they reach. An empty store
 * beside a full bucket is the plainest case.
 */
async function lacksRecords(
  { coveredUntil }: SweepBucketDeps,
  places: readonly ExportPlace[],
  unknown: readonly Seen[],
): Promise<boolean> {
  const covered = new Map<string, number>();
  for (const { id, filenameRoot } of places)
    covered.set(
      filenameRoot,
      Math.max(covered.get(filenameRoot) ?? -Infinity, (await coveredUntil(id)) ?? -Infinity),
    );
  return unknown.some(({ name }) => {
    const [, root = '', end = ''] = ARCHIVE.exec(name) ?? [];
    const until = covered.get(root);
    return until !== undefined && Number(end) * SECOND > until + ATTEMPTS;
  });
}

const isBelowRoot = (places: readonly ExportPlace[], name: string): boolean =>
  places.some(({ filenameRoot }) => name.startsWith(`${filenameRoot}/`));
