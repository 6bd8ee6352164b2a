import type { StatsTokenRefusal } from '@keyserver/health-authority';
import type { StatsRefusal } from '@keyserver/log';
import type { UnixMillis } from '@keyserver/time';
import type { DayTotals } from './days.ts';
import type { StatsOutcome } from './read-stats.ts';

/** The codes that an answer about statistics can carry. */
type StatsCode = 'bad_request' | 'unauthorized' | 'internal_error';

/** An answer about statistics before it is padded and written. */
export interface StatsAnswer {
  readonly status: number;
  readonly days?: readonly DayTotals[];
  readonly code?: StatsCode;
  readonly error?: string;
}

/** Why a header is no token at all. */
export type HeaderRefusal = Extract<StatsRefusal, 'missing' | 'several' | 'not_bearer'>;

const UNAUTHORIZED: Readonly<Record<HeaderRefusal | StatsTokenRefusal, string>> = {
  missing: 'the Authorization header is missing',
  several: 'there is more than one Authorization header',
  not_bearer: 'the Authorization header must be "Bearer ", one space, and a token',
  malformed: 'the token is no JWT with claims of the right types',
  unusable_algorithm: 'the algorithm of the token is not known',
  unsupported_algorithm: 'the algorithm of the token must be ES256',
  critical_extension: 'the token needs an extension that is not known here',
  missing_key_id: 'the token has no kid',
  invalid_key_id: 'the kid of the token must be text',
  unknown_issuer: 'no health authority has the issuer of the token',
  stats_disabled: 'access to statistics is forbidden for this health authority',
  no_active_key: 'the issuer has no key with the kid of the token that is valid now',
  not_yet_valid: 'the token is not valid yet: its iat or nbf lies in the future',
  bad_signature: 'the signature of the token is wrong',
  expired: 'the token has expired',
  wrong_audience: 'the token is meant for another audience',
};

/** What an authority is told about how its request ended. */
export function answerTo(outcome: StatsOutcome): StatsAnswer {
  switch (outcome.kind) {
    case 'days':
      return { status: 200, days: outcome.days };
    case 'refused':
      return unauthorized(outcome.reason);
    case 'off':
      return {
        status: 503,
        code: 'internal_error',
        error: `statistics are off, because the value of ${outcome.settings.join(' and ')} is refused: the operator must correct it and restart the publish service`,
      };
  }
}

/** What somebody is told who does not show whose statistics are wanted. */
export const unauthorized = (reason: HeaderRefusal | StatsTokenRefusal): StatsAnswer => ({
  status: 401,
  code: 'unauthorized',
  error: UNAUTHORIZED[reason],
});

/** What somebody is told whose request could not be read. */
export const unreadable = (status: 400 | 405, problem: string): StatsAnswer => ({
  status,
  code: 'bad_request',
  error: `${status}: ${problem}`,
});

/** What somebody is told when this server could not decide; `status` is 500 for a mistake of its own. */
export const unavailable = (status: 500 | 503 = 503): StatsAnswer => ({
  status,
  code: 'internal_error',
  error: 'statistics cannot be read now, try again later',
});

/** The JSON text of an answer; empty fields are left out. */
export function renderStats({ days = [], error, code }: StatsAnswer, padding: string): string {
  return JSON.stringify({
    ...(days.length === 0 ? {} : { days: days.map(wireDay) }),
    ...(error === undefined ? {} : { error }),
    ...(code === undefined ? {} : { code }),
    padding,
  });
}

const wireDay = (total: DayTotals): object => ({
  day: midnight(total.day),
  publish_requests: { unknown: total.unknown, android: total.android, ios: total.ios },
  total_teks_published: total.keys,
  requests_with_revisions: total.revisions,
  tek_age_distribution: total.oldestKeyDays,
  onset_to_upload_distribution: total.onsetDays,
  requests_missing_onset_date: total.onsetMissing,
});

/** RFC 3339 without fractions of seconds. */
const midnight = (day: UnixMillis): string =>
  `${new Date(day).toISOString().slice(0, 'yyyy-mm-dd'.length)}T00:00:00Z`;
