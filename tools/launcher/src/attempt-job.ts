import { SECOND } from '@keyserver/time';
import type { ScheduledJob } from './jobs.ts';

/** Sends one attempt of a job; the answer is the HTTP status. Rejects when there is no answer before the signal. */
export type PostJob = (job: ScheduledJob, signal: AbortSignal) => Promise<number>;

/** Waits, unless the signal comes first; then it rejects. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** For a pause that a signal has ended: whoever waited looks at the signal next. */
export const ignoreStop = (): void => undefined;

/** How one turn of a job went; `status` 0 stands for no answer. */
export type Turn =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly status: number }
  | { readonly kind: 'stopped' };

const FIRST_PAUSE = 5 * SECOND;
const DOUBLINGS = 5;

/** One turn of a job: an attempt and, while it fails, as many more as the job allows, each after a longer pause. */
export async function attemptJob(
  job: ScheduledJob,
  with_: { readonly post: PostJob; readonly pause: Pause; readonly signal: AbortSignal },
): Promise<Turn> {
  const { post, pause, signal } = with_;
  let status = 0;
  for (let attempt = 0; attempt <= job.retries; attempt++) {
    if (attempt > 0) await pause(pauseBefore(attempt), signal).catch(ignoreStop);
    if (signal.aborted) return { kind: 'stopped' };
    status = await statusOf(job, post, signal);
    if (status >= 200 && status < 300) return { kind: 'done' };
  }
  return { kind: 'failed', status };
}

const pauseBefore = (attempt: number): number =>
  FIRST_PAUSE * 2 ** Math.min(attempt - 1, DOUBLINGS);

async function statusOf(job: ScheduledJob, post: PostJob, stopped: AbortSignal): Promise<number> {
  const deadline = AbortSignal.timeout(job.deadlineSeconds * SECOND);
  try {
    return await post(job, AbortSignal.any([deadline, stopped]));
  } catch {
    return 0; // refused, cut or too late: which of them does not matter for what is done next
  }
}
