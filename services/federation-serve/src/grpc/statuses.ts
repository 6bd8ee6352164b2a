import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { CallerRefusal, FederationRefusal } from '@keyserver/log';

/** What a call that is not answered gets: code, fixed text, and when to try again at the earliest, ms. */
export interface CallStatus {
  readonly code: status;
  readonly text: string;
  readonly retryAfter?: number;
}

/** The texts of the reference server, by which its clients tell what is wrong. */
const UNAUTHENTICATED: Readonly<Record<CallerRefusal, string>> = {
  missing: 'Missing authorization header',
  several: 'Multiple authorization headers',
  malformed: 'Invalid authorization header',
  issuer: 'Invalid token',
  signature: 'Invalid token',
  signature_removed: 'Invalid token',
  time: 'Invalid token',
  lifetime: 'Invalid token',
  email: 'Invalid token',
  audience: 'Invalid audience',
  not_granted: 'Invalid issuer/subject',
};

const REFUSED: Readonly<Record<FederationRefusal, CallStatus>> = {
  malformed: invalid('The request is no FederationFetchRequest.'),
  regions: invalid('There are too many regions in the request, or one is empty or too long.'),
  overlap: invalid('A region is both included and excluded.'),
  state: invalid(
    'The state is none of this server: begin without tokens, from the timestamp that you keep.',
  ),
  future: invalid('The state is of a later time than this server has: is a clock wrong?'),
  echo_token: {
    code: status.RESOURCE_EXHAUSTED,
    text: 'This span has more keys than a page: send nextToken back as you got it.',
  },
  rate: { code: status.RESOURCE_EXHAUSTED, text: 'There are too many calls in a minute.' },
  busy: { code: status.UNAVAILABLE, text: 'The server answers as many calls as it can.' },
  paused: {
    code: status.UNAVAILABLE,
    text: 'This server gives you no keys for the time being. Your state stays good: go on with it later.',
  },
  not_read: { code: status.UNAVAILABLE, text: 'The keys could not be read in time.' },
};

function invalid(text: string): CallStatus {
  return { code: status.INVALID_ARGUMENT, text };
}

/** The keys of the issuer cannot be had, so nobody knows who calls. */
export const UNVERIFIABLE: CallStatus = {
  code: status.UNAVAILABLE,
  text: 'The token cannot be checked at the moment.',
};

/** This server has ended: nobody gets anything from it any more, and whoever asks again is told the same. */
export const ENDED: CallStatus = {
  code: status.FAILED_PRECONDITION,
  text: 'This server has ended. It has no keys, and will have none.',
};

/** This server sleeps, without any keys. */
export const SLEEPS: CallStatus = {
  code: status.UNAVAILABLE,
  text: 'This server sleeps. It has no keys at present.',
};

/** Something is wrong here; what, is in the log. */
export const INTERNAL: CallStatus = { code: status.INTERNAL, text: 'internal error' };

/** The status of a caller whom we do not know. What begins as a bearer token should is an invalid token, whatever follows. */
export const unauthenticated = (
  reason: CallerRefusal,
  [header = '']: readonly string[],
): CallStatus => ({
  code: status.UNAUTHENTICATED,
  text:
    reason === 'malformed' && header.startsWith('Bearer ')
      ? 'Invalid token'
      : UNAUTHENTICATED[reason],
});

/** The status of a partner that is refused. */
export const refusedStatus = (reason: FederationRefusal, retryAfter?: number): CallStatus => ({
  ...REFUSED[reason],
  ...(retryAfter === undefined ? {} : { retryAfter }),
});

/**
 * The same for the gRPC library. When to try again is said in the trailer that clients obey by themselves
 * (https://github.com/grpc/proposal/blob/master/A6-client-retries.md, "Pushback"), and in words.
 */
export function asServiceError({ code, text, retryAfter }: CallStatus): Partial<ServiceError> {
  if (retryAfter === undefined) return { code, details: text };
  const metadata = new Metadata();
  metadata.set('grpc-retry-pushback-ms', String(retryAfter));
  return { code, details: `${text} Try again in ${Math.ceil(retryAfter / 1000)} s.`, metadata };
}
