import { type JobName, type Logger, faultTrail } from '@keyserver/log';
import { DeadlineFault } from '@keyserver/retry';
import type { Clock, Timers } from '@keyserver/time';
import type { Failed, JobReport } from './job.ts';

/** What the work of a job is given. */
export interface RunningJob {
  /** Aborted when the deadline has passed. */
  readonly signal: AbortSignal;
  /** Milliseconds until the deadline; 0 once it has passed. */
  remaining(): number;
}

/** Runs a job under its deadline and logs one event about it. A fault of the work is logged and reported, not thrown. */
export async function runJob(
  options: {
    readonly name: JobName;
    readonly deadlineMs: number;
    readonly clock: Clock;
    readonly log: Logger;
    readonly timers: Timers;
  },
  work: (job: RunningJob) => Promise<JobReport>,
): Promise<JobReport> {
  const { name, clock, log } = options;
  const start = clock.now();
  const { job, end } = underDeadline(options);
  try {
    const report = await work(job);
    logReport(log, name, report, elapsed(clock, start));
    return report;
  } catch (fault) {
    const causes = faultTrail(fault);
    const late = job.signal.aborted;
    const report = failed(late ? 'the deadline passed' : 'the job stopped on an internal fault');
    log.event('job.failed', { ...counts(name, report), causes, ms: elapsed(clock, start) });
    return report;
  } finally {
    end();
  }
}

function underDeadline(options: {
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
}): { readonly job: RunningJob; readonly end: () => void } {
  const { deadlineMs, clock, timers } = options;
  const start = clock.now();
  const abort = new AbortController();
  const end = timers.after(deadlineMs, () => {
    abort.abort(new DeadlineFault(deadlineMs));
  });
  // The timer decides, since a clock may be set back; the clock can only make a job stop earlier.
  const remaining = (): number =>
    abort.signal.aborted ? 0 : Math.max(0, deadlineMs - elapsed(clock, start));
  return { job: { signal: abort.signal, remaining }, end };
}

const elapsed = (clock: Clock, since: number): number => Math.max(0, clock.now() - since);

const failed = (problem: string): Failed => ({
  kind: 'failed',
  done: 0,
  left: 0,
  problems: [problem],
});

const counts = (
  job: JobName,
  { done, left, problems }: Failed,
): { job: JobName; done: number; left: number; problems: number } => ({
  job,
  done,
  left,
  problems: problems.length,
});

function logReport(log: Logger, job: JobName, report: JobReport, ms: number): void {
  switch (report.kind) {
    case 'done':
      log.event('job.finished', { job, done: report.done, left: report.left, ms });
      return;
    case 'too_early':
      log.event('job.too_early', { job });
      return;
    case 'failed':
      log.event('job.failed', { ...counts(job, report), ms });
  }
}
