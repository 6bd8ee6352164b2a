import { type Logger, cloudTrace, requestIdOf } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import type { Request } from 'express';

/** The log of one request: its lines carry the request's id. */
export type LogOf = (request: Request) => Logger;

/** Names each request. The id is ours: one that a client sends could carry anything into the log. */
export function requestLog(options: {
  readonly log: Logger;
  readonly random: Random;
  readonly traceProject?: string | undefined;
}): { readonly nameRequest: (request: Request) => void; readonly logOf: LogOf } {
  const { log, random, traceProject } = options;
  const logs = new WeakMap<Request, Logger>();
  const nameRequest = (request: Request): void => {
    const requestId = requestIdOf(random.bytes(16));
    const trace =
      traceProject === undefined ? undefined : cloudTrace(request.headers, traceProject);
    logs.set(request, log.child({ requestId, trace }));
  };
  return { nameRequest, logOf: (request) => logs.get(request) ?? log };
}
