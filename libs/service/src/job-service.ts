import { type JobReport, jobAnswer } from '@keyserver/jobs';
import type { Logger } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import type { Clock, Timers } from '@keyserver/time';
import type { Express } from 'express';
import { type VerifyCaller, callerVerifier } from './identity-token.ts';
import { requireCaller } from './require-caller.ts';
import { type HttpAppParts, createHttpApp } from './server.ts';

/** What the server of jobs is made of. */
export interface JobAppDeps {
  readonly log: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Rejects while the service cannot work. */
  readonly health: () => Promise<void>;
  readonly verifyCaller: VerifyCaller;
  readonly observeRequest?: HttpAppParts['observeRequest'];
}

/** A job by its route, such as `/do-work`. */
export type JobRoutes = Readonly<Record<string, () => Promise<JobReport>>>;

/** All routes of a service whose jobs a scheduler starts; `GET /health` is among those that every service has. */
export function createJobApp(deps: JobAppDeps, jobs: JobRoutes): Express {
  const { log, clock, timers, random, health, verifyCaller, observeRequest } = deps;
  return createHttpApp({
    ...{ log, clock, timers, random, health, observeRequest },
    routesOfJobs: Object.keys(jobs),
    routes: (app, logOf) => {
      const scheduler = requireCaller(verifyCaller, logOf);
      for (const [route, job] of Object.entries(jobs))
        app.post(route, scheduler, async (_request, response) => {
          const { status, body } = jobAnswer(await job());
          response.status(status).type('application/json').send(body);
        });
    },
  });
}

/** The variables that say who may start jobs, as a service has read them. */
export interface CallerSettings {
  readonly OIDC_ISSUER: string;
  readonly OIDC_JWKS_URL: URL;
  readonly OIDC_AUDIENCE: string;
  readonly CALLER_EMAILS: readonly string[];
}

/** Verifies who starts jobs, by the settings of a service. */
export const schedulerVerifier = (
  settings: CallerSettings,
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
): VerifyCaller =>
  callerVerifier({
    issuers: [{ issuer: settings.OIDC_ISSUER, jwksUrl: settings.OIDC_JWKS_URL.href }],
    audience: settings.OIDC_AUDIENCE,
    emails: settings.CALLER_EMAILS,
    ...{ clock, timers },
    // The setting takes a plain http address only of this very machine.
    allowHttpJwks: settings.OIDC_JWKS_URL.protocol === 'http:',
  });
