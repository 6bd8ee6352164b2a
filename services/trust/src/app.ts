import { type AloneDeps, type LoneJob, runAlone } from '@keyserver/jobs';
import { type JobAppDeps, type ReadProgress, createJobApp } from '@keyserver/service';
import { SECOND } from '@keyserver/time';
import type { Express } from 'express';
import { type RefreshDeps, refreshAuthorityKeys } from './refresh-authority-keys.ts';
import { type RotateKeysDeps, rotateKeys } from './rotate-keys.ts';

/** What the trust service is made of. */
export interface AppDeps extends JobAppDeps, AloneDeps, RotateKeysDeps, RefreshDeps {
  readonly progress: readonly ReadProgress[];
}

const ROTATION: LoneJob = { name: 'rotate-keys', deadlineMs: 110 * SECOND };
const REFRESH: LoneJob = { name: 'refresh-authority-keys', deadlineMs: 100 * SECOND };

/** All routes of the trust service. */
export const createApp = (deps: AppDeps): Express =>
  createJobApp(deps, {
    '/rotate-keys': async () => await runAlone(deps, ROTATION, async () => await rotateKeys(deps)),
    '/refresh-authority-keys': async () =>
      await runAlone(deps, REFRESH, async (signal) => await refreshAuthorityKeys(deps, signal)),
  });
