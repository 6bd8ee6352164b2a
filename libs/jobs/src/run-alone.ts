import type { JobName } from '@keyserver/log';
import { MINUTE, type Timers } from '@keyserver/time';
import type { JobReport } from './job.ts';
import type { JobRunner } from './job-runner.ts';
import type { Leases } from './lease.ts';
import { withLease } from './with-lease.ts';

/** What jobs are run with of which only one may be under way. */
export interface AloneDeps {
  readonly runner: JobRunner;
  readonly leases: Leases;
  readonly timers: Timers;
  /** Notes of a run whether it has done all that was due. */
  readonly noteRun: (job: JobName, report: JobReport) => Promise<void>;
}

/** A job that runs under a lease of its own name. */
export interface LoneJob {
  readonly name: JobName;
  /** Less than the scheduler waits. */
  readonly deadlineMs: number;
}

/** Runs a job unless it is under way elsewhere; a run that dies keeps others waiting for a minute. */
export const runAlone = async (
  { runner, leases, timers, noteRun }: AloneDeps,
  { name, deadlineMs }: LoneJob,
  work: (signal: AbortSignal) => Promise<JobReport>,
): Promise<JobReport> =>
  await runner.run(name, deadlineMs, async ({ signal }) => {
    const lease = { leases, name, lengthMs: MINUTE, signal, timers };
    return await withLease(lease, async (held) => {
      const report = await work(held.signal);
      await noteRun(name, report);
      return report;
    });
  });
