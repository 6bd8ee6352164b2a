import type { Logger } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import type { Clock, Timers } from '@keyserver/time';
import express, { type Express } from 'express';
import { SAFETY_HEADERS, sendError } from './error-answer.ts';
import {
  type HealthProbe,
  type Findings,
  healthRoute,
  healthWatch,
  metDamage,
  probeAll,
} from './health.ts';
import { type RenderFault, faultRenderer } from './render-fault.ts';
import { type LogOf, requestLog } from './request-log.ts';
import { type WatchParts, watchRequests } from './watch-requests.ts';

/** What an HTTP service is made of, apart from its routes' own dependencies. */
export interface HttpAppParts {
  readonly log: Logger;
  readonly random: Random;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly health: HealthProbe;
  /** What health finds, for a service that others ask for it in another way too; else it is asked for here. */
  readonly findings?: () => Promise<Findings>;
  /** Adds the service's routes; the routes of `createHttpApp` itself are there already. */
  readonly routes: (app: Express, logOf: LogOf) => void;
  /** The answer to a fault that the service knows better than an opaque 500, such as a store that is away. */
  readonly renderFault?: RenderFault;
  /** The cloud project to link traces in. Only for services whose callers are ours: a caller chooses its trace. */
  readonly traceProject?: string | undefined;
  /** Hears of each request when it has ended. */
  readonly observeRequest?: WatchParts['observeRequest'];
  /** Routes whose end is told by an event of their own, which the request's log does not see. */
  readonly routesOfJobs?: WatchParts['routesOfJobs'];
}

/** An HTTP service with everything that all services have in common. */
export function createHttpApp(parts: HttpAppParts): Express {
  const { clock, timers, routes } = parts;
  const damage = metDamage(clock);
  const health = probeAll(timers, [parts.health, damage.probe]);
  const renderFault: RenderFault = (fault, path) => {
    damage.note(fault);
    return parts.renderFault?.(fault, path);
  };
  const { nameRequest, logOf } = watchRequests(requestLog(parts), parts);
  const app = express();
  app.disable('x-powered-by').disable('etag').disable('trust proxy').disable('query parser');
  app.enable('case sensitive routing').enable('strict routing');
  app.use((request, response, next) => {
    nameRequest(request, response);
    response.set(SAFETY_HEADERS);
    next();
  });
  app.get('/health', healthRoute(parts.findings ?? healthWatch(health, parts)));
  app.all('/health', (_request, response) => {
    response.setHeader('Allow', 'GET, HEAD');
    sendError(response, 405, 'health is asked for with GET');
  });
  routes(app, logOf);
  app.use((_request, response) => {
    sendError(response, 404, 'not found');
  });
  app.use(faultRenderer(logOf, renderFault));
  return app;
}
