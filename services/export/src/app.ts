import { type JobAppDeps, type ReadProgress, createJobApp } from '@keyserver/service';
import type { Express } from 'express';
import type { ScheduledJobs } from './scheduled-jobs.ts';

/** What the export service is made of. */
export interface AppDeps extends JobAppDeps {
  readonly jobs: ScheduledJobs;
  readonly progress: readonly ReadProgress[];
}

/** All routes of the export service. */
export const createApp = (deps: AppDeps): Express =>
  createJobApp(deps, {
    '/create-batches': deps.jobs.createBatches,
    '/do-work': deps.jobs.doWork,
  });
