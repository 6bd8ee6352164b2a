import { type JobReport, type JobRunner, type Leases, withLease } from '@keyserver/jobs';
import { type JobAppDeps, createJobApp } from '@keyserver/service';
import { MINUTE, SECOND } from '@keyserver/time';
import type { Express } from 'express';
import { type CleanTotalsDeps, cleanTotals } from './clean-totals.ts';

/** What the cleanup service is made of. */
export interface AppDeps extends JobAppDeps, CleanTotalsDeps {
  readonly runner: JobRunner;
  readonly leases: Leases;
}

/** Less than the scheduler waits. */
const DEADLINE = 110 * SECOND;

/** All routes of the cleanup service. */
export const createApp = (deps: AppDeps): Express =>
  createJobApp(deps, { '/totals': async () => await totals(deps) });

/** One run at a time, since two would do the same work; a run that dies keeps others waiting for a minute. */
const totals = async ({ runner, leases, timers, ...deps }: AppDeps): Promise<JobReport> =>
  await runner.run('cleanup-totals', DEADLINE, async ({ signal }) => {
    const lease = { leases, name: 'cleanup-totals', lengthMs: MINUTE, signal, timers };
    return await withLease(lease, async (held) => await cleanTotals(deps, held.signal));
  });
