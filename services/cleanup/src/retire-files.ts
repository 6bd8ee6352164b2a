import { ARCHIVE_MAX_AGE, type OpenBucket } from '@keyserver/export-file';
import { type Logger, configuredId } from '@keyserver/log';
import type { BatchRetirement, RetiredBatch } from '@keyserver/stores';
import { DAY, MINUTE, type UnixMillis, unixMillis } from '@keyserver/time';
import type { ReadIndexNames } from './index-names.ts';

/** What deleting the files of exports needs. */
export interface RetireFilesDeps {
  readonly retirement: BatchRetirement;
  readonly openBucket: OpenBucket;
  readonly namesIn: ReadIndexNames;
  readonly log: Logger;
  /** Hears of a bucket in which files cannot be deleted; the others go on. */
  readonly failed: (bucket: string, fault: unknown) => void;
  /** How long files stay in the index, ms. */
  readonly exportRetention: number;
}

/** When a step is taken, and what ends it. */
export interface Run {
  /** The time before which files have certainly passed their retention. */
  readonly certain: UnixMillis;
  readonly signal: AbortSignal;
}

/** What became of files in a run. */
export interface Retired {
  /** Batches that were retired, and files that were deleted. */
  readonly done: number;
  /** Batches with files past retention, still in their index, by their export. */
  readonly listed: ReadonlyMap<string, number>;
}

/**
 * How long an object outlives its name in the index. An index may be kept by a cache for five minutes, and what it named for as
 * long as an archive may be kept: a phone may ask for it until then.
 */
const OUTLIVES_INDEX = ARCHIVE_MAX_AGE + 5 * MINUTE;

/** The longest period of an export: a batch whose start is past retention ends no later than this after it. */
const LONGEST_PERIOD = DAY;

/** How long past its retention a file may be listed before that is told: export looks after every index once an hour. */
const MAY_LINGER = DAY;

/**
 * Retires the batches whose files have left the index, oldest first. Export takes a file out of its index when the start of its
 * batch is past retention; only what the index has dropped is retired, so that nothing which phones are told of can go.
 */
export async function retireBatches(
  { retirement, namesIn, exportRetention }: RetireFilesDeps,
  { certain, signal }: Run,
): Promise<Retired> {
  const cutoff = unixMillis(Math.max(0, certain - exportRetention));
  const listed = new Map<string, number>();
  let done = 0;
  const pages = retirement.ending('complete', unixMillis(cutoff + LONGEST_PERIOD));
  for await (const page of pages)
    for (const batch of page) {
      if (signal.aborted) return { done, listed };
      if (batch.start > cutoff) continue;
      const left = await stillListed(namesIn, batch);
      if (left > 0 && batch.end <= cutoff - MAY_LINGER) note(listed, batch, left);
      if (left > 0) continue;
      await retirement.retire(batch.id);
      done += 1;
    }
  return { done, listed };
}

/** Deletes the files of retired batches, oldest first, once no cache may ask for them any more; each step can be repeated. */
export async function deleteFiles(deps: RetireFilesDeps, run: Run): Promise<Retired> {
  const { retirement, namesIn, log } = deps;
  const listed = new Map<string, number>();
  const deleted = new Map<string, number>();
  const away = new Set<string>();
  for await (const batch of dueForDeletion(retirement, run)) {
    if (away.has(batch.config.bucket)) continue;
    const left = await stillListed(namesIn, batch);
    if (left > 0) note(listed, batch, left);
    else if (await areDeleted(deps, batch)) note(deleted, batch, batch.files.length);
    else away.add(batch.config.bucket);
  }
  for (const [id, files] of deleted)
    log.event('cleanup.files_deleted', { config: configuredId({ id }), files });
  return { done: [...deleted.values()].reduce((sum, files) => sum + files, 0), listed };
}

/** Batches that were retired long enough ago, until the run ends. */
async function* dueForDeletion(
  retirement: BatchRetirement,
  { certain, signal }: Run,
): AsyncGenerator<RetiredBatch> {
  for await (const page of retirement.ending('retired'))
    for (const batch of page) {
      if (signal.aborted) return;
      if ((batch.retiredAt ?? Infinity) <= certain - OUTLIVES_INDEX) yield batch;
    }
}

/** Deletes the files of a batch and notes that; false when its bucket does not let us. */
async function areDeleted(
  { retirement, openBucket, failed }: RetireFilesDeps,
  { id, config, files }: RetiredBatch,
): Promise<boolean> {
  try {
    const bucket = openBucket(config.bucket);
    for (const { name } of files) await bucket.delete(name);
  } catch (fault) {
    failed(config.bucket, fault);
    return false;
  }
  await retirement.noteDeleted(id);
  return true;
}

/** How many files of a batch its index names, or may name. */
async function stillListed(
  namesIn: ReadIndexNames,
  { config, files }: RetiredBatch,
): Promise<number> {
  const names = await namesIn(config);
  return names === undefined ? files.length : files.filter(({ name }) => names.has(name)).length;
}

function note(counts: Map<string, number>, { config }: RetiredBatch, files: number): void {
  counts.set(config.id, (counts.get(config.id) ?? 0) + files);
}
