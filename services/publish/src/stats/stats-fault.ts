import type { FaultAnswer } from '@keyserver/service';
import type { TurnAway } from '../http/admission.ts';
import { isOutage } from '../http/publish-fault.ts';
import { RETRY_AFTER_SECONDS } from '../http/publish-response.ts';
import { StatsFault } from './read-stats.ts';
import { renderStats, unavailable } from './stats-response.ts';
import { type StatsRouteDeps, statsPadding } from './stats-route.ts';

/** The answer to an authority whose statistics could not be read; undefined for a fault of anything else. */
export function renderStatsFault(
  fault: unknown,
  deps: Pick<StatsRouteDeps, 'random' | 'stats'>,
): FaultAnswer | undefined {
  if (!(fault instanceof StatsFault)) return undefined;
  const answer = unavailable(isOutage(fault) ? 503 : 500);
  return {
    status: answer.status,
    body: renderStats(answer, statsPadding(deps)),
    headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
  };
}

/** Turns an authority away that comes while too much is worked on. */
export const turnStatsAway =
  (deps: Pick<StatsRouteDeps, 'random' | 'stats'>): TurnAway =>
  (response) => {
    response.status(503).setHeader('Content-Type', 'application/json');
    response.setHeader('Retry-After', String(RETRY_AFTER_SECONDS));
    response.end(renderStats(unavailable(503), statsPadding(deps)));
  };
