import { type AloneDeps, type LoneJob, runAlone } from '@keyserver/jobs';
import { type JobAppDeps, type ReadProgress, createJobApp } from '@keyserver/service';
import { SECOND } from '@keyserver/time';
import type { Express } from 'express';
import { type CleanExportsDeps, cleanExports } from './clean-exports.ts';
import { type CleanKeysDeps, cleanKeys } from './clean-keys.ts';
import { cleanTotals } from './clean-totals.ts';

/** What the cleanup service is made of. */
export interface AppDeps extends JobAppDeps, AloneDeps, CleanKeysDeps, CleanExportsDeps {
  readonly progress: readonly ReadProgress[];
}

const TOTALS: LoneJob = { name: 'cleanup-totals', deadlineMs: 110 * SECOND };
const KEYS: LoneJob = { name: 'cleanup-keys', deadlineMs: 520 * SECOND };
const EXPORTS: LoneJob = { name: 'cleanup-exports', deadlineMs: 520 * SECOND };

/** All routes of the cleanup service. */
export const createApp = (deps: AppDeps): Express =>
  createJobApp(deps, {
    '/totals': async () =>
      await runAlone(deps, TOTALS, async (signal) => await cleanTotals(deps, signal)),
    '/keys': async () =>
      await runAlone(deps, KEYS, async (signal) => await cleanKeys(deps, signal)),
    '/exports': async () =>
      await runAlone(deps, EXPORTS, async (signal) => await cleanExports(deps, signal)),
  });
