import { longestPause, within } from '@keyserver/retry';
import { SECOND, type Timers, sleep } from '@keyserver/time';
import type { ScheduledJob } from './jobs.ts';

/** Sends one attempt of a job; the answer is the HTTP status. Rejects when there is no answer before the signal. */
export type PostJob = (job: ScheduledJob, signal: AbortSignal) => Promise<number>;

/** For a pause that a signal has ended: whoever waited looks at the signal next. */
export const ignoreStop = (): void => undefined;

/** How one turn of a job went; `status` 0 stands for no answer. */
export type Turn =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly status: number }
  | { readonly kind: 'stopped' };

/** As Cloud Scheduler pauses: without chance, since one launcher calls one service. */
const PAUSES = { firstPauseMs: 5 * SECOND, longestPauseMs: 160 * SECOND };

/** One turn of a job: an attempt and, while it fails, as many more as the job allows, each after a longer pause. */
export async function attemptJob(
  job: ScheduledJob,
  by: { readonly post: PostJob; readonly timers: Timers; readonly signal: AbortSignal },
): Promise<Turn> {
  const { timers, signal } = by;
  let status = 0;
  for (let attempt = 0; attempt <= job.retries; attempt++) {
    if (attempt > 0)
      await sleep(timers, longestPause(PAUSES, attempt), { signal }).catch(ignoreStop);
    if (signal.aborted) return { kind: 'stopped' };
    status = await statusOf(job, by);
    if (status >= 200 && status < 300) return { kind: 'done' };
  }
  return { kind: 'failed', status };
}

async function statusOf(
  job: ScheduledJob,
  { post, timers, signal }: Parameters<typeof attemptJob>[1],
): Promise<number> {
  const deadline = { ms: job.deadlineSeconds * SECOND, timers, signal };
  try {
    return await within(deadline, async (cut) => await post(job, cut));
  } catch {
    return 0; // refused, cut or too late: which of them does not matter for what is done next
  }
}
