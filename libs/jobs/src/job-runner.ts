import type { JobName, Logger } from '@keyserver/log';
import type { Clock, Timers } from '@keyserver/time';
import { type JobReport, NOTHING_TO_DO } from './job.ts';
import { type RunningJob, runJob } from './run-job.ts';

/** Runs the jobs of a service. */
export interface JobRunner {
  /** Runs a job under a deadline in ms; logs and reports what became of it. */
  readonly run: (
    name: JobName,
    deadlineMs: number,
    work: (job: RunningJob) => Promise<JobReport>,
  ) => Promise<JobReport>;
  /** Ends the jobs that are running between two of their steps, and waits for them. */
  readonly stop: () => Promise<void>;
}

/** A runner that knows which jobs are running, so that a service can stop between two of their steps. */
export function jobRunner(options: {
  readonly clock: Clock;
  readonly log: Logger;
  readonly timers: Timers;
  /** Hears of every fault that ends a job: none of them reaches a route. */
  readonly noteFault: (fault: unknown) => void;
  /** Whether jobs have nothing to do, since the server has ended or sleeps; never unless given. */
  readonly standsStill?: () => Promise<boolean>;
}): JobRunner {
  const { clock, log, timers, noteFault } = options;
  const standsStill = options.standsStill ?? never;
  const stopping = new AbortController();
  const running = new Set<Promise<JobReport>>();
  return {
    run: async (name, deadlineMs, work) => {
      const job = runJob({ name, deadlineMs, clock, log, timers }, async (under) => {
        try {
          if (await standsStill()) return NOTHING_TO_DO;
          return await work({
            signal: AbortSignal.any([under.signal, stopping.signal]),
            remaining: () => under.remaining(),
          });
        } catch (fault) {
          noteFault(fault);
          throw fault;
        }
      });
      running.add(job);
      try {
        return await job;
      } finally {
        running.delete(job);
      }
    },
    stop: async () => {
      stopping.abort();
      await Promise.allSettled(running);
    },
  };
}

const never = async (): Promise<boolean> => await Promise.resolve(false);
