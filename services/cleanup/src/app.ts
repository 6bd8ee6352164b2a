import { type JobReport, type JobRunner, type Leases, withLease } from '@keyserver/jobs';
import type { JobName } from '@keyserver/log';
import { type JobAppDeps, type ReadProgress, createJobApp } from '@keyserver/service';
import { MINUTE, SECOND } from '@keyserver/time';
import type { Express } from 'express';
import { type CleanExportsDeps, cleanExports } from './clean-exports.ts';
import { type CleanKeysDeps, cleanKeys } from './clean-keys.ts';
import { cleanTotals } from './clean-totals.ts';

/** What the cleanup service is made of. */
export interface AppDeps extends JobAppDeps, CleanKeysDeps, CleanExportsDeps {
  readonly runner: JobRunner;
  readonly leases: Leases;
  /** Notes of a run whether it has done all that was due. */
  readonly noteRun: (job: JobName, report: JobReport) => Promise<void>;
  readonly progress: readonly ReadProgress[];
}

/** Less than the scheduler waits. */
const DEADLINES = { totals: 110 * SECOND, deletion: 520 * SECOND } as const;

/** All routes of the cleanup service. */
export const createApp = (deps: AppDeps): Express =>
  createJobApp(deps, {
    '/totals': async () =>
      await alone(deps, { name: 'cleanup-totals', deadline: DEADLINES.totals, work: cleanTotals }),
    '/keys': async () =>
      await alone(deps, { name: 'cleanup-keys', deadline: DEADLINES.deletion, work: cleanKeys }),
    '/exports': async () =>
      await alone(deps, {
        ...{ name: 'cleanup-exports', deadline: DEADLINES.deletion, work: cleanExports },
      }),
  });

/** A job, and the name of the lease under which it runs. */
interface CleanupJob {
  readonly name: JobName;
  readonly deadline: number;
  readonly work: (deps: AppDeps, signal: AbortSignal) => Promise<JobReport>;
}

/** One run at a time, since two would do the same work; a run that dies keeps others waiting for a minute. */
const alone = async (deps: AppDeps, { name, deadline, work }: CleanupJob): Promise<JobReport> =>
  await deps.runner.run(name, deadline, async ({ signal }) => {
    const { leases, timers, noteRun } = deps;
    const lease = { leases, name, lengthMs: MINUTE, signal, timers };
    return await withLease(lease, async (held) => {
      const report = await work(deps, held.signal);
      await noteRun(name, report);
      return report;
    });
  });
