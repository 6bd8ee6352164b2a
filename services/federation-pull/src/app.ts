import { type FederationQuery, isInForce } from '@keyserver/federation';
import {
  type JobReport,
  type JobRunner,
  type Leases,
  NOTHING_TO_DO,
  jobAnswer,
  withLease,
} from '@keyserver/jobs';
import { configuredId } from '@keyserver/log';
import {
  type JobAppDeps,
  type ReadProgress,
  createHttpApp,
  requireCaller,
} from '@keyserver/service';
import { MINUTE } from '@keyserver/time';
import type { Express, Request, Response } from 'express';
import { beginsPatiently } from './begin-patiently.ts';
import type { PartnerClient } from './partner-client.ts';
import { type PullDeps, pullQuery } from './pull-query.ts';

/** What the federation-pull service is made of. */
export interface AppDeps extends JobAppDeps, Omit<PullDeps, 'fetch'> {
  /** A client for one run, which finds a partner that has come back whatever happened in the runs before. */
  readonly connect: () => PartnerClient;
  readonly runner: JobRunner;
  readonly leases: Leases;
  readonly progress: readonly ReadProgress[];
  readonly findQuery: (id: string) => Promise<FederationQuery | undefined>;
  /** Whether a query waits for the end of a pause; ends one that has lasted too long. */
  /** Whether this server takes no keys any more. */
  readonly isClosed: () => Promise<boolean>;
  readonly waits: (queryId: string) => Promise<boolean>;
  /** Less than the scheduler waits, ms. */
  readonly deadlineMs: number;
}

const ROUTE = '/';

/** All routes of the federation-pull service. */
export const createApp = (deps: AppDeps): Express => {
  const { log, clock, timers, random, health, verifyCaller, observeRequest } = deps;
  return createHttpApp({
    ...{ log, clock, timers, random, health, observeRequest },
    routesOfJobs: [ROUTE],
    routes: (app, logOf) => {
      app.post(ROUTE, requireCaller(verifyCaller, logOf), async (request, response) => {
        await answer(deps, request, response);
      });
    },
  });
};

const ID = /^[a-z0-9-]{1,40}$/;

/** The texts are those of the protocol; nothing that was sent is repeated. */
async function answer(deps: AppDeps, request: Request, response: Response): Promise<void> {
  const ids = new URL(request.originalUrl, 'http://localhost').searchParams.getAll('query-id');
  const [id = ''] = ids;
  if (ids.length > 1) refuse(response, 'only one query-id allowed');
  else if (id === '') refuse(response, 'query-id is required');
  else {
    const query = ID.test(id) ? await deps.findQuery(id) : undefined;
    if (query === undefined) refuse(response, 'unknown query-id');
    else {
      const { status, body } = jobAnswer(await run(deps, query));
      response.status(status).type('application/json').send(body);
    }
  }
}

function refuse(response: Response, text: string): void {
  response.status(400).type('text/plain').send(text);
}

/** One run of a query at a time; a run that dies keeps others waiting for a minute. */
async function run(deps: AppDeps, query: FederationQuery): Promise<JobReport> {
  const { runner, leases, timers, clock, deadlineMs } = deps;
  return await runner.run('federation-pull', deadlineMs, async (job) => {
    if (!isInForce(query, clock.now()) || (await deps.isClosed())) return NOTHING_TO_DO;
    if (await deps.waits(query.id)) {
      deps.log.event('federation.paused', { query: configuredId(query) });
      return NOTHING_TO_DO;
    }
    const name = `federation-query-${query.id}`;
    const lease = { leases, name, lengthMs: MINUTE, signal: job.signal, timers };
    return await withLease(lease, async ({ signal }) => {
      const running = { signal, remaining: () => job.remaining() };
      const sync = beginsPatiently(deps.sync, { ...deps, job: running });
      const { fetch, close } = deps.connect();
      try {
        return await pullQuery({ ...deps, sync, fetch }, query, running);
      } finally {
        close();
      }
    });
  });
}
