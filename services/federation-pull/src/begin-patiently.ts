import { StoreFault } from '@keyserver/docstore';
import type { SyncStore } from '@keyserver/federation';
import type { RunningJob } from '@keyserver/jobs';
import { type PauseSource, retry } from '@keyserver/retry';
import { MINUTE, SECOND } from '@keyserver/time';

/**
 * What the transactions of a run that was killed had read stays locked in Firestore until they are given up, which is after 60 s in which nobody used them
 * (https://firebase.google.com/docs/firestore/quotas, "Time limit for a transaction"). One attempt of the store waits for half of that.
 */
const ATTEMPTS = 4;
const PAUSES = { firstPauseMs: SECOND, longestPauseMs: 5 * SECOND } as const;
/** With less time than that it is left to the next run. */
const LEAST_LEFT = MINUTE / 2;

/** Begins a run as soon as those that died before it let it, as long as there is time for another attempt. */
export function beginsPatiently(
  sync: SyncStore,
  { job, timers, random }: PauseSource & { readonly job: RunningJob },
): SyncStore {
  const { signal } = job;
  const mayHelp = (fault: unknown): boolean =>
    fault instanceof StoreFault && fault.code === 'contended' && job.remaining() > LEAST_LEFT;
  const policy = { ...PAUSES, timers, random, attempts: ATTEMPTS, mayHelp, signal };
  return {
    ...sync,
    begin: async (query) => await retry(policy, async () => await sync.begin(query)),
  };
}
