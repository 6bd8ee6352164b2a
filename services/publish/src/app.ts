import { createHttpApp } from '@keyserver/service';
import type { Logger } from '@keyserver/log';
import type { Timers } from '@keyserver/time';
import type { Express } from 'express';
import { publishFaultRenderer } from './http/publish-fault.ts';
import { type PublishRouteDeps, publishRoute } from './http/publish-route.ts';
import { type StatsRouteDeps, statsRoute } from './stats/stats-route.ts';

/** What the publish service is made of. */
export interface AppDeps extends PublishRouteDeps, StatsRouteDeps {
  readonly log: Logger;
  readonly timers: Timers;
  /** Rejects while the store is away. */
  readonly health: () => Promise<void>;
}

/** All routes of the publish service; `GET /health` is among those that every service has. */
export function createApp(deps: AppDeps): Express {
  const { log, clock, timers, random, health } = deps;
  return createHttpApp({
    log,
    clock,
    timers,
    random,
    health,
    routes: (app, logOf) => {
      app.all('/v1/publish', publishRoute(deps, logOf));
      app.all('/v1/stats', statsRoute(deps, logOf));
    },
    renderFault: publishFaultRenderer(deps),
  });
}
