import { type JobReport, type JobRunner, type Leases, withLease } from '@keyserver/jobs';
import type { JobName } from '@keyserver/log';
import { type JobAppDeps, type ReadProgress, createJobApp } from '@keyserver/service';
import { MINUTE, SECOND } from '@keyserver/time';
import type { Express } from 'express';
import { type RefreshDeps, refreshAuthorityKeys } from './refresh-authority-keys.ts';
import { type RotateKeysDeps, rotateKeys } from './rotate-keys.ts';

/** What the trust service is made of. */
export interface AppDeps extends JobAppDeps, RotateKeysDeps, RefreshDeps {
  readonly runner: JobRunner;
  readonly leases: Leases;
  /** Notes of a run whether it has done all that was due. */
  readonly noteRun: (job: JobName, report: JobReport) => Promise<void>;
  readonly progress: readonly ReadProgress[];
}

/** Each less than the scheduler waits. */
const ROTATION = 110 * SECOND;
const REFRESH = 100 * SECOND;

/** All routes of the trust service. */
export const createApp = (deps: AppDeps): Express =>
  createJobApp(deps, {
    '/rotate-keys': async () =>
      await alone(deps, { name: 'rotate-keys', ms: ROTATION }, async () => await rotateKeys(deps)),
    '/refresh-authority-keys': async () =>
      await alone(
        deps,
        { name: 'refresh-authority-keys', ms: REFRESH },
        async (signal) => await refreshAuthorityKeys(deps, signal),
      ),
  });

/** One run of a job at a time; a run that dies keeps others waiting for a minute. */
const alone = async (
  { runner, leases, timers, noteRun }: AppDeps,
  { name, ms }: { readonly name: JobName; readonly ms: number },
  work: (signal: AbortSignal) => Promise<JobReport>,
): Promise<JobReport> =>
  await runner.run(name, ms, async ({ signal }) => {
    const lease = { leases, name, lengthMs: MINUTE, signal, timers };
    return await withLease(lease, async (held) => {
      const report = await work(held.signal);
      await noteRun(name, report);
      return report;
    });
  });
