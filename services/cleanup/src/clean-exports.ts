import type { DocumentStore } from '@keyserver/docstore';
import type { OpenBucket } from '@keyserver/export-file';
import type { JobReport } from '@keyserver/jobs';
import { type Logger, configuredId, faultTrail } from '@keyserver/log';
import {
  type ExportPlace,
  type Findings,
  batchRetirement,
  deleteBatches,
  exportPlaces,
  exportProgress,
  keepFindings,
  strayRecords,
} from '@keyserver/stores';
import { unixMillis } from '@keyserver/time';
import { certainTime } from './certain-time.ts';
import { indexNames } from './index-names.ts';
import { type Retired, type Run, deleteFiles, retireBatches } from './retire-files.ts';
import { type BucketSweep, sweepBucket } from './sweep-bucket.ts';

/** What deleting files and the records of batches needs. */
export interface CleanExportsDeps {
  readonly store: DocumentStore;
  readonly openBucket: OpenBucket;
  readonly log: Logger;
  /** How long files stay in the index, ms. */
  readonly exportRetention: number;
  /** Hears of every fault that a run goes on after. */
  readonly noteFault: (fault: unknown) => void;
}

/** What a run has done and met so far. */
interface Progress {
  done: number;
  readonly problems: string[];
}

/**
 * Retires batches whose files have left the index, deletes the files of those that were retired a day ago and the records of those
 * that have expired, and compares every bucket with the records. What cannot be looked at does not stop the rest.
 */
export async function cleanExports(
  deps: CleanExportsDeps,
  signal: AbortSignal,
): Promise<JobReport> {
  const { store } = deps;
  const certain = await certainTime(deps);
  if (certain === undefined) return { kind: 'done', done: 0, left: 1 };
  const run: Run = { certain, signal };
  const progress: Progress = { done: 0, problems: [] };
  await cleanFiles(deps, run, progress);
  if (!signal.aborted) progress.done += await deleteBatches(store, run);
  if (!signal.aborted) await sweepBuckets(deps, run, progress);
  const { done } = progress;
  // An index is read twice in a run, and what is wrong with it is one problem.
  const problems = [...new Set(progress.problems)];
  const left = signal.aborted ? 1 : 0;
  if (left > 0 && done === 0) problems.push('the run ended before anything was deleted');
  return problems.length === 0
    ? { kind: 'done', done, left }
    : { kind: 'failed', done, left, problems };
}

function placeFailed(
  { log, noteFault }: CleanExportsDeps,
  problems: string[],
): (place: ExportPlace, fault: unknown) => void {
  return (place, fault) => {
    noteFault(fault);
    const id = configuredId({ id: `${place.bucket}/${place.filenameRoot}` });
    log.event('cleanup.place_failed', { place: id, causes: faultTrail(fault) });
    problems.push(`the index of export ${configuredId(place)} cannot be read`);
  };
}

function bucketFailed(
  { log, noteFault }: CleanExportsDeps,
  problems: string[],
  what: string,
): (bucket: string, fault: unknown) => void {
  return (bucket, fault) => {
    noteFault(fault);
    const place = configuredId({ id: bucket });
    log.event('cleanup.place_failed', { place, causes: faultTrail(fault) });
    problems.push(`${what}: ${place}`);
  };
}

async function cleanFiles(deps: CleanExportsDeps, run: Run, progress: Progress): Promise<void> {
  const { store, openBucket, log, exportRetention } = deps;
  const namesIn = indexNames(openBucket, placeFailed(deps, progress.problems));
  const retirement = batchRetirement(store);
  const failed = bucketFailed(deps, progress.problems, 'files in the bucket cannot be deleted');
  const files = { retirement, openBucket, namesIn, log, exportRetention, failed };
  const deleted = await deleteFiles(files, run);
  const retired = await retireBatches(files, run);
  progress.done += deleted.done + retired.done;
  const listed = sumOf([deleted, retired]);
  for (const [id, count] of listed)
    log.event('cleanup.still_listed', { config: configuredId({ id }), files: count });
  if (listed.size > 0 || !run.signal.aborted)
    await keepFindings(store, { still_listed: listedSentence([...listed.keys()]) });
}

function sumOf(all: readonly Retired[]): ReadonlyMap<string, number> {
  const sum = new Map<string, number>();
  for (const { listed } of all)
    for (const [id, files] of listed) sum.set(id, (sum.get(id) ?? 0) + files);
  return sum;
}

const listedSentence = (ids: readonly string[]): string | undefined =>
  ids.length === 0
    ? undefined
    : `files of ${ids.join(', ')} are past retention and still in their index: is the export service running? docs/runbooks/cleanup.still_listed.md`;

async function sweepBuckets(deps: CleanExportsDeps, run: Run, progress: Progress): Promise<void> {
  const { store, openBucket } = deps;
  // Read anew: the indexes may have changed while files were deleted.
  const namesIn = indexNames(openBucket, placeFailed(deps, progress.problems));
  const sweeping = {
    ...{ namesIn, retirement: batchRetirement(store), strays: strayRecords(store) },
    coveredUntil: async (id: string) => {
      const [cut] = await store.get(exportProgress, [id]);
      return cut && unixMillis(cut.coveredUntil);
    },
  };
  const failed = bucketFailed(deps, progress.problems, 'the bucket cannot be looked at');
  const sweeps: [string, BucketSweep][] = [];
  const places = await exportPlaces(store);
  const names = [...new Set(places.map(({ bucket }) => bucket))].sort();
  for (const name of names) {
    if (run.signal.aborted) break;
    const here = places.filter(({ bucket }) => bucket === name);
    const swept = await sweepBucket(
      sweeping,
      { name, bucket: openBucket(name), places: here },
      run,
    ).catch((fault: unknown) => {
      failed(name, fault);
      return undefined;
    });
    if (swept !== undefined) sweeps.push([name, swept]);
  }
  const isWhole = sweeps.length === names.length;
  for (const [name, swept] of sweeps) reportSweep(deps.log, name, swept);
  progress.done += sweeps.reduce((sum, [, { deleted }]) => sum + deleted, 0);
  const findings = findingsOf(sweeps);
  await keepFindings(store, isWhole ? findings : onlyFound(findings));
}

function reportSweep(log: Logger, name: string, swept: BucketSweep): void {
  const bucket = configuredId({ id: name });
  const { missing, unknown: objects, deleted, lacksRecords } = swept;
  for (const [id, files] of missing)
    log.event('export.archive_missing', { config: configuredId({ id }), files });
  if (lacksRecords) log.event('cleanup.records_missing', { bucket, objects });
  else if (objects > 0) log.event('cleanup.objects_unknown', { bucket, objects, deleted });
}

function findingsOf(sweeps: readonly (readonly [string, BucketSweep])[]): Findings {
  const where = (is: (swept: BucketSweep) => boolean): readonly string[] =>
    sweeps.filter(([, swept]) => is(swept)).map(([name]) => name);
  const sentence = (names: readonly string[], what: string, page: string): string | undefined =>
    names.length === 0 ? undefined : `${what} ${names.join(', ')}: docs/runbooks/${page}.md`;
  return {
    archive_missing: sentence(
      where(({ missing }) => missing.size > 0),
      'listed archives are gone from the bucket',
      'export.archive_missing',
    ),
    objects_unknown: sentence(
      where(({ unknown, deleted, lacksRecords }) => !lacksRecords && unknown > deleted),
      'objects that no record knows lie in the bucket',
      'cleanup.objects_unknown',
    ),
    records_missing: sentence(
      where(({ lacksRecords }) => lacksRecords),
      'the store has lost the records of archives in the bucket',
      'cleanup.records_missing',
    ),
  };
}

/** A run that has not seen everything does not know that something is mended. */
const onlyFound = (findings: Findings): Findings =>
  Object.fromEntries(Object.entries(findings).filter(([, sentence]) => sentence !== undefined));
