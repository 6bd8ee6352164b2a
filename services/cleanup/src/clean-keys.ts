import type { DocumentStore } from '@keyserver/docstore';
import type { Done, Failed, JobReport } from '@keyserver/jobs';
import {
  type KeyDeletion,
  deleteExpired,
  deleteKeys,
  deleteLeases,
  deleteVersions,
  keepFindings,
} from '@keyserver/stores';
import { certainTime } from './certain-time.ts';
import { type CleanTotalsDeps, cleanTotals } from './clean-totals.ts';

/** What deleting keys and bookkeeping needs. */
export interface CleanKeysDeps extends CleanTotalsDeps {
  readonly store: DocumentStore;
  /** How long a window can be read, ms. */
  readonly keyRetention: number;
}

/**
 * Folds totals, then deletes the keys that have expired, then the bookkeeping. Nothing is deleted before store time has been
 * plausible for a while. What is left is done by the next run. Counts that cannot be folded make the run fail and stop nothing else:
 * keys must not outlive their retention because of them.
 */
export async function cleanKeys(deps: CleanKeysDeps, signal: AbortSignal): Promise<JobReport> {
  const folded = await cleanTotals(deps, signal).catch((fault: unknown) => ({ fault }));
  if (signal.aborted && 'kind' in folded) return folded;
  const deleted = await deleteExpiredKeys(deps, signal);
  if ('fault' in folded) throw folded.fault;
  const { done, left } = { done: folded.done + deleted.done, left: folded.left + deleted.left };
  const problems = [folded, deleted].flatMap((one) => (one.kind === 'failed' ? one.problems : []));
  return problems.length === 0
    ? { kind: 'done', done, left }
    : { kind: 'failed', done, left, problems };
}

async function deleteExpiredKeys(deps: CleanKeysDeps, signal: AbortSignal): Promise<Done | Failed> {
  const { store, keyRetention: retention } = deps;
  const certain = await certainTime(deps);
  if (certain === undefined) return { kind: 'done', done: 0, left: 1 };
  const keys = await deleteKeys(store, { certain, retention, signal });
  await reportKeys(deps, keys);
  const expired = await deleteExpired(store, { certain, signal });
  const leases = signal.aborted ? 0 : await deleteLeases(store, { certain, signal });
  const versions = signal.aborted ? 0 : await deleteVersions(store, certain);
  const done = keys.deleted + expired.deleted + leases + versions;
  const left = keys.left + expired.left;
  if (left === 0 || done > 0) return { kind: 'done', done, left };
  return { kind: 'failed', done, left, problems: ['the run ended before anything was deleted'] };
}

/** Only a run that has seen all shards knows that nothing is held any more. */
async function reportKeys(
  { store, log }: CleanKeysDeps,
  { held, lost, left }: KeyDeletion,
): Promise<void> {
  if (held > 0) log.event('cleanup.keys_held', { documents: held });
  if (lost > 0) log.event('cleanup.keys_lost', { documents: lost });
  if (held > 0 || left === 0) await keepFindings(store, { keys_held: heldSentence(held) });
}

const heldSentence = (held: number): string | undefined =>
  held === 0
    ? undefined
    : `${held} documents of keys have expired, and an export or a partner has still to take them: they go within a week, as docs/runbooks/cleanup.keys_held.md says`;
