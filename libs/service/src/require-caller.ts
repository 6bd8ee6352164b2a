import { faultTrail } from '@keyserver/log';
import type { RequestHandler, Response } from 'express';
import type { Refused } from './identity-token.ts';
import type { LogOf } from './request-log.ts';

const RETRY_SECONDS = '10';

/** Lets only verified callers through: 401 without a valid token, 403 without a grant, and nothing about why. */
export function requireCaller(
  verify: (authorization: readonly string[]) => Promise<{ readonly kind: 'caller' } | Refused>,
  logOf: LogOf,
): RequestHandler {
  return async (request, response, next) => {
    const caller = await verify(request.headersDistinct['authorization'] ?? []);
    switch (caller.kind) {
      case 'caller':
        next();
        return;
      case 'unauthenticated':
        logOf(request).event('caller.refused', { reason: caller.reason });
        refuse(response.set('WWW-Authenticate', 'Bearer'), 401, 'unauthorized');
        return;
      case 'forbidden':
        logOf(request).event('caller.refused', { reason: caller.reason });
        refuse(response, 403, 'forbidden');
        return;
      case 'unverifiable':
        logOf(request).event('caller.unverifiable', { causes: faultTrail(caller.fault) });
        refuse(response.set('Retry-After', RETRY_SECONDS), 503, 'unavailable');
    }
  };
}

function refuse(response: Response, status: number, error: string): void {
  response.status(status).json({ error });
}
