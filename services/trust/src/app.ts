import { type JobReport, type JobRunner, type Leases, withLease } from '@keyserver/jobs';
import { type JobAppDeps, createJobApp } from '@keyserver/service';
import { MINUTE, SECOND } from '@keyserver/time';
import type { Express } from 'express';
import { type RotateKeysDeps, rotateKeys } from './rotate-keys.ts';

/** What the trust service is made of. */
export interface AppDeps extends JobAppDeps, RotateKeysDeps {
  readonly runner: JobRunner;
  readonly leases: Leases;
}

/** Less than the scheduler waits. */
const DEADLINE = 110 * SECOND;

/** All routes of the trust service. */
export const createApp = (deps: AppDeps): Express =>
  createJobApp(deps, { '/rotate-keys': async () => await rotation(deps) });

/** One run at a time; a run that dies keeps others waiting for a minute. */
const rotation = async ({ runner, leases, timers, ...deps }: AppDeps): Promise<JobReport> =>
  await runner.run('rotate-keys', DEADLINE, async ({ signal }) => {
    const lease = { leases, name: 'rotate-keys', lengthMs: MINUTE, signal, timers };
    return await withLease(lease, async () => await rotateKeys(deps));
  });
