import type { DocumentStore } from '@keyserver/docstore';
import type { JobReport } from '@keyserver/jobs';
import {
  type KeyDeletion,
  deleteExpired,
  deleteKeys,
  deleteLeases,
  deleteVersions,
  keepFindings,
} from '@keyserver/stores';
import { type CleanTotalsDeps, cleanTotals } from './clean-totals.ts';
import { notSettled } from './not-settled.ts';

/** What deleting keys and bookkeeping needs. */
export interface CleanKeysDeps extends CleanTotalsDeps {
  readonly store: DocumentStore;
  /** How long a window can be read, ms. */
  readonly keyRetention: number;
}

/**
 * Folds totals, then deletes the keys that have expired, then the bookkeeping. Nothing is deleted before store time has been
 * plausible for a while. What is left is done by the next run.
 */
export async function cleanKeys(deps: CleanKeysDeps, signal: AbortSignal): Promise<JobReport> {
  const { store, keyRetention: retention } = deps;
  const folded = await cleanTotals(deps, signal);
  if (folded.kind !== 'done' || folded.left > 0) return folded;
  const certain = await store.certainTime();
  if (certain === undefined) return notSettled(deps.log, folded.done);
  const keys = await deleteKeys(store, { certain, retention, signal });
  await reportKeys(deps, keys);
  const expired = await deleteExpired(store, { certain, signal });
  const leases = signal.aborted ? 0 : await deleteLeases(store, { certain, signal });
  const versions = signal.aborted ? 0 : await deleteVersions(store, certain);
  const done = folded.done + keys.deleted + expired.deleted + leases + versions;
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
