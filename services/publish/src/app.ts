import { type HttpAppParts, createHttpApp } from '@keyserver/service';
import type { Logger } from '@keyserver/log';
import type { Express } from 'express';
import { type CoverTrafficDeps, coverTraffic } from './http/cover-traffic.ts';
import { type PhoneAnswersDeps, phoneAnswers } from './http/phone-answers.ts';
import { publishFaultRenderer } from './http/publish-fault.ts';
import { publishRoute } from './http/publish-route.ts';
import type { PublishDeps } from './publish-keys.ts';

/** What the publish service is made of. */
export interface AppDeps extends PublishDeps, PhoneAnswersDeps, CoverTrafficDeps {
  readonly log: Logger;
  /** Rejects while the store is away. */
  readonly health: () => Promise<void>;
  readonly observeRequest?: HttpAppParts['observeRequest'];
}

/** All routes of the publish service; `GET /health` is among those that every service has. */
export function createApp(deps: AppDeps): Express {
  const { log, clock, timers, random, health, observeRequest } = deps;
  const answers = phoneAnswers(deps);
  return createHttpApp({
    log,
    clock,
    timers,
    random,
    health,
    observeRequest,
    routes: (app, logOf) => {
      app.all('/v1/publish', coverTraffic(answers, deps, 'v1'), publishRoute(deps, answers, logOf));
    },
    renderFault: publishFaultRenderer(answers),
  });
}
