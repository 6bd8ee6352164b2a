import type { StatusName } from '../grpc/refusal.ts';

/** A point in time as protos carry it. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}

/** What a job requests over HTTP. */
export interface HttpTarget {
  readonly uri: string;
  readonly httpMethod: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly oidcToken?: {
    readonly serviceAccountEmail: string;
    readonly audience?: string;
  } | null;
}

/** A job of Cloud Scheduler, as far as the stand-in keeps it; `name` is the full one. */
export interface Job {
  readonly name: string;
  readonly schedule: string;
  readonly timeZone?: string;
  readonly httpTarget?: HttpTarget | null;
  readonly pubsubTarget?: { readonly topicName: string } | null;
  readonly retryConfig?: { readonly retryCount: number } | null;
  readonly attemptDeadline?: { readonly seconds: number } | null;
  readonly state?: 'ENABLED' | 'PAUSED' | 'DISABLED' | 'UPDATE_FAILED';
  readonly scheduleTime?: Timestamp | null;
  readonly lastAttemptTime?: Timestamp | null;
  /** How the last attempt went, as a gRPC status. */
  readonly status?: { readonly code: number; readonly message?: string } | null;
}

/** An instant in milliseconds, as protos carry it. */
export const timestampOf = (ms: number): Timestamp => ({
  seconds: Math.floor(ms / 1000),
  nanos: (ms % 1000) * 1_000_000,
});

/** How Cloud Scheduler reports the answer of a target; 0 stands for none. */
export function statusOfAnswer(http: number): StatusName {
  if (http >= 200 && http < 300) return 'OK';
  const known: Readonly<Record<number, StatusName>> = {
    400: 'INVALID_ARGUMENT',
    401: 'UNAUTHENTICATED',
    403: 'PERMISSION_DENIED',
    404: 'NOT_FOUND',
    429: 'RESOURCE_EXHAUSTED',
    503: 'UNAVAILABLE',
    504: 'DEADLINE_EXCEEDED',
  };
  if (http === 0) return 'UNAVAILABLE';
  return known[http] ?? (http >= 500 ? 'INTERNAL' : 'UNKNOWN');
}
