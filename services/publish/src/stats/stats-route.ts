import { type Logger, type StatsRefusal, configuredId } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import { type LogOf, type ReadBody, bodyReader } from '@keyserver/service';
import type { Clock } from '@keyserver/time';
import type { Request, Response } from 'express';
import type { PaddingLength } from '../http/padding.ts';
import { MAX_BODY_BYTES } from '../http/phone-answers.ts';
import { RETRY_AFTER_SECONDS } from '../http/publish-response.ts';
import { mediaProblem } from '../http/publish-route.ts';
import { strictBody } from '../http/strict-body.ts';
import { type StatsDeps, type StatsOutcome, readStats } from './read-stats.ts';
import { statsRequest } from './stats-request.ts';
import {
  type HeaderRefusal,
  type StatsAnswer,
  answerTo,
  renderStats,
  unauthorized,
  unreadable,
} from './stats-response.ts';

/** What answering authorities needs. */
export interface StatsRouteDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly stats: StatsDeps & { readonly padding: PaddingLength };
}

/** `/v1/stats`: gives an authority the sums of its uploads by day. */
export function statsRoute(
  deps: StatsRouteDeps,
  logOf: LogOf,
): (request: Request, response: Response) => Promise<void> {
  const readBody = bodyReader({ limit: MAX_BODY_BYTES });
  return async (request, response) => {
    const log = logOf(request);
    const reading = await readRequest(request, response, readBody);
    if (reading.kind === 'aborted') log.event('publish.aborted', {});
    else send(response, await answerReading(reading, deps, log), deps);
  };
}

type Reading =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'refused'; readonly reason: StatsRefusal; readonly answer: StatsAnswer }
  | { readonly kind: 'aborted' };

async function readRequest(
  request: Request,
  response: Response,
  readBody: ReadBody,
): Promise<Reading> {
  if (request.method !== 'POST') {
    response.set('Allow', 'POST');
    return bad(405, 'statistics are asked for with POST');
  }
  const problem = mediaProblem(request);
  if (problem !== undefined) return bad(400, problem);
  const body = await readBody(request, response);
  if (body.kind === 'aborted') return body;
  if (body.kind === 'too_large') return bad(400, `the body is over ${MAX_BODY_BYTES} bytes`);
  const read = readWire(body.bytes);
  return read.kind === 'refused' ? bad(400, read.problem) : tokenOf(request);
}

/** `{"padding": "…"}`, `{}` and `null` all ask the same. */
const readWire = strictBody(statsRequest.shape, statsRequest.schema);

const bad = (status: 400 | 405, problem: string): Reading => ({
  kind: 'refused',
  reason: 'bad_request',
  answer: unreadable(status, problem),
});

/** The prefix is exact, as in the published protocol: case and the one space count. */
function tokenOf(request: Request): Reading {
  const [header, ...more] = request.headersDistinct['authorization'] ?? [];
  if (header === undefined) return withoutToken('missing');
  if (more.length > 0) return withoutToken('several');
  return header.startsWith('Bearer ')
    ? { kind: 'token', token: header.slice('Bearer '.length) }
    : withoutToken('not_bearer');
}

const withoutToken = (reason: HeaderRefusal): Reading => ({
  kind: 'refused',
  reason,
  answer: unauthorized(reason),
});

async function answerReading(
  reading: Exclude<Reading, { kind: 'aborted' }>,
  { clock, stats }: StatsRouteDeps,
  log: Logger,
): Promise<StatsAnswer> {
  if (reading.kind === 'refused') {
    log.event('stats.refused', { reason: reading.reason });
    return reading.answer;
  }
  const outcome = await readStats(reading.token, { ...stats, clock });
  logOutcome(outcome, log);
  return answerTo(outcome);
}

function logOutcome(outcome: StatsOutcome, log: Logger): void {
  switch (outcome.kind) {
    case 'refused':
      log.event('stats.refused', { reason: outcome.reason });
      return;
    case 'off':
      log.event('stats.refused', { reason: 'off' });
      return;
    case 'days': {
      const { authority, days, behind } = outcome;
      log.event('stats.answered', { authority: configuredId(authority), days: days.length });
      if (behind !== undefined)
        log.event('stats.behind', behind === 'never' ? {} : { hours: behind });
    }
  }
}

/** Random filler in base64, as long as the settings of statistics say. */
export const statsPadding = ({
  random,
  stats: { padding },
}: Pick<StatsRouteDeps, 'random' | 'stats'>): string =>
  Buffer.from(random.bytes(padding.min + random.below(padding.range))).toString('base64');

function send(response: Response, answer: StatsAnswer, deps: StatsRouteDeps): void {
  if (answer.status === 401) response.set('WWW-Authenticate', 'Bearer');
  if (answer.status === 503) response.set('Retry-After', String(RETRY_AFTER_SECONDS));
  const body = Buffer.from(renderStats(answer, statsPadding(deps)));
  response.status(answer.status).setHeader('Content-Type', 'application/json').end(body);
}
