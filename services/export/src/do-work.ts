import {
  type BatchQueue,
  type ExportBatch,
  type ExportConfig,
  type SelectionRules,
  type WorkQueue,
  indexName,
} from '@keyserver/export-file';
import type { JobReport, RunningJob } from '@keyserver/jobs';
import { configuredId, faultTrail } from '@keyserver/log';
import { readerOf } from '@keyserver/padding';
import { type Pause, pausesReader } from '@keyserver/stores';
import { HOUR, type UnixMillis } from '@keyserver/time';
import {
  type Destination,
  type PublishIndexDeps,
  isSamePlace,
  placesOf,
  publishIndex,
} from './publish-index.ts';
import type { MissingArchives } from './health.ts';
import { type SettleUnitsDeps, workOnUnit } from './settle-units.ts';
import { type WorkOnBatchDeps, type WorkedBatch, workOnBatch } from './work-on-batch.ts';

/** What it takes to work on all open batches. */
export interface DoWorkDeps extends WorkOnBatchDeps, SettleUnitsDeps, PublishIndexDeps {
  /** Tries the signing keys, and reports those that cannot sign. */
  readonly checkSigningKeys: () => Promise<void>;
  /** Alerts for exports and partners that are late. */
  readonly checkLate: () => Promise<void>;
  /** Samples the shapes of a day that is over, unless that is done. */
  readonly keepShapes: () => Promise<void>;
  /** When the indexes of an export were last looked after by this process. */
  readonly lookedAfter: Map<string, UnixMillis>;
  readonly missingArchives: MissingArchives;
  readonly queue: BatchQueue;
  /** What is paused now. */
  readonly readPauses: () => Promise<readonly Pause[]>;
  /** Ends pauses that would lose keys, after it has said so for a while. */
  readonly checkPauses: () => Promise<void>;
}

/** What one call has done so far. */
interface Call {
  readonly job: RunningJob;
  readonly tried: Set<string>;
  /** Where the index was brought up to date in this call. */
  readonly published: Destination[];
  readonly problems: string[];
  done: number;
}

const MOST_UNLISTED = 1000;
const MOST_COUNTED = 1000;

/**
 * Works on open batches and units, the oldest of each first, by turns, until none can be leased or too little time is left for one
 * more. Each is tried once; one that fails is free again for the next call, and does not stop the others.
 */
export async function doWork(deps: DoWorkDeps, job: RunningJob): Promise<JobReport> {
  const call: Call = { job, tried: new Set(), published: [], problems: [], done: 0 };
  await deps.checkPauses();
  await deps.checkSigningKeys();
  await publishWhatIsStored(deps, call);
  await lookAfterIndexes(deps, call);
  await keepShapes(deps, call);
  await byTurns([async () => await oneBatch(deps, call), async () => await oneUnit(deps, call)]);
  await deps.checkLate();
  const { done, problems } = call;
  const left =
    (await deps.queue.countOpen(MOST_COUNTED)) + (await deps.units.queue.countOpen(MOST_COUNTED));
  if (job.signal.aborted && done === 0)
    problems.push('the deadline passed before a batch was done');
  return problems.length === 0
    ? { kind: 'done', done, left }
    : { kind: 'failed', done, left, problems };
}

/** Takes one step of each kind after another; a kind that has nothing to do any more is left out. */
async function byTurns(steps: readonly (() => Promise<boolean>)[]): Promise<void> {
  for (let going = [...steps]; going.length > 0;) {
    const still: (() => Promise<boolean>)[] = [];
    for (const step of going) if (await step()) still.push(step);
    going = still;
  }
}

/** Works on the next open batch; whether there was one. */
async function oneBatch(deps: DoWorkDeps, call: Call): Promise<boolean> {
  const batch = await next(deps, call, {
    queue: deps.queue,
    readerOf: ({ config }) => config,
  });
  if (batch !== undefined)
    await account(deps, call, await workOnBatch(deps, batch, call.job.signal));
  return batch !== undefined;
}

/** Settles the next open unit; whether there was one. */
async function oneUnit(deps: DoWorkDeps, call: Call): Promise<boolean> {
  const unit = await next(deps, call, {
    queue: deps.units.queue,
    readerOf: ({ partner }) => readerOf(partner),
  });
  if (unit === undefined) return false;
  const worked = await workOnUnit(deps, unit, call.job.signal);
  if (worked === 'failed') call.problems.push(`unit ${configuredId(unit)} failed`);
  else if (worked !== 'interrupted' && worked !== 'paused') call.done += 1;
  return true;
}

/** Pieces of work that wait for somebody, and for whom each is made. */
interface Waiting<T> {
  readonly queue: WorkQueue<T>;
  readonly readerOf: (piece: T) => SelectionRules;
}

async function next<T extends { readonly id: string }>(
  deps: DoWorkDeps,
  { job, tried }: Call,
  { queue, readerOf: rulesOf }: Waiting<T>,
): Promise<T | undefined> {
  // What gets only the rest of a call's time would fail for no fault of its own.
  const late = tried.size > 0 && job.remaining() < deps.batchDeadlineMs;
  if (late || job.signal.aborted) return undefined;
  const pauses = await deps.readPauses();
  const found = await queue.lease({
    lengthMs: deps.leaseMs,
    wants: (piece) => !tried.has(piece.id) && !pausesReader(pauses, rulesOf(piece)),
  });
  if (found !== undefined) tried.add(found.id);
  return found;
}

/** Lists what an earlier call has stored, when it was stopped before it could do so. */
async function publishWhatIsStored(deps: DoWorkDeps, call: Call): Promise<void> {
  for (const { config } of await deps.listings.unlisted(MOST_UNLISTED))
    if (!isPublished(call, config)) await publish(deps, call, config);
}

const LOOKED_AFTER_EVERY = HOUR;

/**
 * Takes what is past retention out of every index, of exports that have ended too, and looks for the archives that are
 * listed: at the first call of a process and once an hour, since it reads all batches of two weeks.
 */
async function lookAfterIndexes(deps: DoWorkDeps, call: Call): Promise<void> {
  // The pace of this process alone: what an index may name is decided by store time.
  const now = deps.clock.now();
  for (const config of await deps.listExports()) {
    if (call.job.signal.aborted) return;
    const before = deps.lookedAfter.get(config.id);
    if (before !== undefined && now - before < LOOKED_AFTER_EVERY) continue;
    deps.lookedAfter.set(config.id, now);
    await lookAfterOne(deps, call, { config, now });
  }
}

async function lookAfterOne(
  deps: DoWorkDeps,
  call: Call,
  { config, now }: { readonly config: ExportConfig; readonly now: UnixMillis },
): Promise<void> {
  try {
    for (const place of await placesOf(deps, config, now))
      if (!isPublished(call, place) && (await hasIndex(deps, place)))
        await publish(deps, call, place);
  } catch (fault) {
    failed(deps, call, { config, fault });
  }
}

/** Without new shapes, generated keys are drawn after older ones: files are made all the same. */
async function keepShapes(deps: DoWorkDeps, { job, problems }: Call): Promise<void> {
  if (job.signal.aborted) return;
  try {
    await deps.keepShapes();
  } catch (fault) {
    deps.noteFault(fault);
    problems.push('the shapes of earlier uploads could not be sampled');
  }
}

const hasIndex = async ({ openBucket }: DoWorkDeps, to: Destination): Promise<boolean> =>
  (await openBucket(to.bucket).find(indexName(to.filenameRoot))) !== undefined;

async function account(deps: DoWorkDeps, call: Call, worked: WorkedBatch): Promise<void> {
  const { batch, outcome } = worked;
  switch (outcome) {
    case 'stored':
      call.done += 1;
      await publish(deps, call, batch.config);
      return;
    case 'empty':
      call.done += 1;
      if (!isPublished(call, batch.config) || (await isAwaited(deps, batch)))
        await publish(deps, call, batch.config);
      return;
    case 'failed':
      call.problems.push(`batch ${configuredId(batch)} failed`);
      return;
    case 'no_signer':
      call.problems.push(`no signing key is in force for export ${configuredId(batch.config)}`);
      return;
    case 'paused':
    case 'interrupted':
  }
}

const isPublished = ({ published }: Call, to: Destination): boolean =>
  published.some((place) => isSamePlace(place, to));

/** Whether finished batches of the same export may have waited for this one. */
async function isAwaited({ listings }: DoWorkDeps, batch: ExportBatch): Promise<boolean> {
  const unlisted = await listings.unlisted(MOST_UNLISTED);
  return unlisted.some(({ config }) => config.id === batch.config.id);
}

/** The batch stays stored when this fails; the next call lists it. */
async function publish(deps: DoWorkDeps, call: Call, to: Destination): Promise<void> {
  call.published.push(to);
  try {
    const missing = await publishIndex(deps, to, call.job.signal);
    deps.missingArchives.note(to, missing);
    const problem = `${missing} archives of export ${configuredId(to)} are missing`;
    if (missing > 0 && !call.problems.includes(problem)) call.problems.push(problem);
  } catch (fault) {
    failed(deps, call, { config: to, fault });
  }
}

function failed(
  { log, noteFault }: DoWorkDeps,
  { job, problems }: Call,
  failure: { readonly config: Destination; readonly fault: unknown },
): void {
  const config = configuredId(failure.config);
  noteFault(failure.fault);
  log.event('export.config_failed', { config, causes: faultTrail(failure.fault) });
  if (!job.signal.aborted) problems.push(`the index of export ${config} failed`);
}
