import {
  type Logger,
  type RequestResult,
  type RoutePattern,
  requestResult,
  routePattern,
} from '@keyserver/log';
import {
  type EndedRequest,
  METHODS,
  type ObserveRequest,
  callersTrace,
} from '@keyserver/telemetry';
import type { Clock, Timers, UnixMillis } from '@keyserver/time';
import type { Request, Response } from 'express';
import type { LogOf } from './request-log.ts';

/** What watching requests needs. */
export interface WatchParts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Hears of each request when it has ended. */
  readonly observeRequest?: ObserveRequest | undefined;
  /** Routes whose end is told by an event of their own, which the request's log does not see; their callers are ours. */
  readonly routesOfJobs?: readonly string[] | undefined;
}

interface NamedRequests {
  readonly nameRequest: (request: Request) => void;
  readonly logOf: LogOf;
}

interface WatchedRequests {
  /** Begins with a request: names it, and waits for its end. */
  readonly nameRequest: (request: Request, response: Response) => void;
  readonly logOf: LogOf;
}

/** A request that is under way. */
interface Watched {
  readonly log: Logger;
  readonly startedAt: UnixMillis;
  /** By the timers' clock, which is never set. */
  readonly since: number;
  /** What the events of the request say of its end, as far as they have come. */
  result?: RequestResult;
}

const HEALTH = '/health';
const LEFT_OUT = 'leftOut';

/** Leaves a request out of events, figures and traces, since it means nothing: whoever says so counts it in another way. */
export function leaveOut(response: Response): void {
  response.locals[LEFT_OUT] = true;
}

/**
 * Sees to it that each request has one event that says how it ended: `request.served` or `request.unserved` where no other does.
 * Whoever observes requests hears of each one's end.
 */
export function watchRequests(named: NamedRequests, parts: WatchParts): WatchedRequests {
  const { clock, timers } = parts;
  const logs = new WeakMap<Request, Logger>();
  const nameRequest = (request: Request, response: Response): void => {
    named.nameRequest(request);
    const log = named.logOf(request);
    const watched: Watched = { log, startedAt: clock.now(), since: timers.monotonic() };
    logs.set(request, listening(watched));
    response.once('close', () => {
      if (response.locals[LEFT_OUT] !== true) end(watched, request, response, parts);
    });
  };
  return { nameRequest, logOf: (request) => logs.get(request) ?? named.logOf(request) };
}

/** The request's log, which takes note of what events say of its end. */
function listening(watched: Watched): Logger {
  const { log } = watched;
  return {
    event: (name, fields) => {
      const result = requestResult(name, fields);
      if (result !== undefined) watched.result = result;
      log.event(name, fields);
    },
    child: (options) => log.child(options),
  };
}

function end(watched: Watched, request: Request, response: Response, parts: WatchParts): void {
  const { routesOfJobs = [], observeRequest, timers } = parts;
  const route = routeOf(request);
  const ms = Math.max(0, timers.monotonic() - watched.since);
  const isJob = route !== undefined && routesOfJobs.includes(route);
  const ended = { route, status: response.statusCode, ms };
  if (watched.result === undefined && !isJob) tell(watched.log, ended);
  observeRequest?.({
    ...ended,
    method: METHODS.find((word) => word === request.method) ?? 'other',
    result: watched.result ?? resultOf(response),
    startedAt: watched.startedAt,
    // Whoever started a job was verified before: nobody else's choice gets into a trace.
    ...(isJob && watched.result === undefined
      ? { callersTrace: callersTrace(request.headers['traceparent']) }
      : {}),
  });
}

function routeOf(request: Request): RoutePattern | undefined {
  const matched: unknown = request.route; // Express leaves the type of it open
  return typeof matched === 'object' && matched !== null ? routePattern(matched) : undefined;
}

function tell(log: Logger, ended: Pick<EndedRequest, 'route' | 'status' | 'ms'>): void {
  const { route, status } = ended;
  const isServed = status < 400 || route === HEALTH; // what health finds has an event of its own, when it changes
  log.event(isServed ? 'request.served' : 'request.unserved', {
    ...(route === undefined ? {} : { route }),
    ...{ status, ms: Math.round(ended.ms) },
  });
}

/** How a request ended that has no event to say so. */
function resultOf({ statusCode: status, writableFinished }: Response): RequestResult {
  if (!writableFinished) return 'aborted';
  if (status < 400) return 'ok';
  if (status === 404) return 'not_found';
  return status < 500 ? 'refused' : 'failed';
}
