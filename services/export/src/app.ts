import type { Logger } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import { type VerifyCaller, createHttpApp, requireCaller } from '@keyserver/service';
import type { Clock, Timers } from '@keyserver/time';
import type { Express, RequestHandler } from 'express';
import { type JobReport, jobAnswer } from '@keyserver/jobs';
import type { ScheduledJobs } from './scheduled-jobs.ts';

/** What the export service is made of. */
export interface AppDeps {
  readonly log: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Rejects while the store is away. */
  readonly health: () => Promise<void>;
  readonly verifyCaller: VerifyCaller;
  readonly jobs: ScheduledJobs;
}

/** All routes of the export service; `GET /health` is among those that every service has. */
export function createApp(deps: AppDeps): Express {
  const { log, clock, timers, random, health, verifyCaller, jobs } = deps;
  return createHttpApp({
    log,
    clock,
    timers,
    random,
    health,
    routes: (app, logOf) => {
      const scheduler = requireCaller(verifyCaller, logOf);
      app.post('/create-batches', scheduler, jobRoute(jobs.createBatches));
      app.post('/do-work', scheduler, jobRoute(jobs.doWork));
    },
  });
}

/** Runs a job for the scheduler and answers with what became of it. */
const jobRoute =
  (job: () => Promise<JobReport>): RequestHandler =>
  async (_request, response) => {
    const { status, body } = jobAnswer(await job());
    response.status(status).type('application/json').send(body);
  };
