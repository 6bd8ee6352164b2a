import type { RequestResult, RoutePattern } from '@keyserver/log';
import type { UnixMillis } from '@keyserver/time';
import type { Blame } from './instruments.ts';

/** The methods that a trace names; any other is told as `other`. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** A trace that a caller of ours has begun: 32 and 16 hexadecimal digits. */
export interface CallersTrace {
  readonly traceId: string;
  readonly spanId: string;
}

/** A request that has ended, told without anything that its client chose. */
export interface EndedRequest {
  /** The route that answered it; undefined for a path that we do not serve. */
  readonly route: RoutePattern | undefined;
  readonly method: (typeof METHODS)[number] | 'other';
  readonly status: number;
  readonly result: RequestResult;
  readonly startedAt: UnixMillis;
  readonly ms: number;
  /** Only of a caller whose identity was verified. */
  readonly callersTrace?: CallersTrace | undefined;
}

/** Hears of each request when it has ended. It never throws. */
export type ObserveRequest = (request: EndedRequest) => void;

const TRACE_PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/** The trace that a `traceparent` header names (https://www.w3.org/TR/trace-context/); undefined when it names none. */
export function callersTrace(
  header: string | readonly string[] | undefined,
): CallersTrace | undefined {
  const [, traceId, spanId] = TRACE_PARENT.exec(typeof header === 'string' ? header : '') ?? [];
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId };
}

/** Whose fault the end of a request is. */
export function blameOf({ status, result }: Pick<EndedRequest, 'status' | 'result'>): Blame {
  if (result === 'aborted') return 'client';
  if (status >= 500) return 'server';
  return status >= 400 ? 'client' : 'none';
}
