import { type HttpAppParts, createHttpApp } from '@keyserver/service';
import type { Logger } from '@keyserver/log';
import type { Timers } from '@keyserver/time';
import type { Express } from 'express';
import { publishFaultRenderer } from './http/publish-fault.ts';
import { type PublishRouteDeps, publishRoute } from './http/publish-route.ts';

/** What the publish service is made of. */
export interface AppDeps extends PublishRouteDeps {
  readonly log: Logger;
  readonly timers: Timers;
  /** Rejects while the store is away. */
  readonly health: () => Promise<void>;
  readonly observeRequest?: HttpAppParts['observeRequest'];
}

/** All routes of the publish service; `GET /health` is among those that every service has. */
export function createApp(deps: AppDeps): Express {
  const { log, clock, timers, random, health, observeRequest } = deps;
  return createHttpApp({
    log,
    clock,
    timers,
    random,
    health,
    observeRequest,
    routes: (app, logOf) => {
      app.all('/v1/publish', publishRoute(deps, logOf));
    },
    renderFault: publishFaultRenderer(deps),
  });
}
