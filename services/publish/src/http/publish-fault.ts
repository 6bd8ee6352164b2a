import { StoreFault } from '@keyserver/docstore';
import { KeyRingFault } from '@keyserver/revision-token';
import type { FaultAnswer, RenderFault } from '@keyserver/service';
import { CoverageFault } from '@keyserver/stores';
import { AppLookupFault } from '../publish-keys.ts';
import { StatsFault } from '../stats/read-stats.ts';
import { renderStats, unavailable as unavailableStats } from '../stats/stats-response.ts';
import type { StatsRouteDeps } from '../stats/stats-route.ts';
import { padding } from './padding.ts';
import type { PublishRouteDeps } from './publish-route.ts';
import {
  type PublishAnswer,
  RETRY_AFTER_SECONDS,
  renderAnswer,
  unavailable,
} from './publish-response.ts';

/** The answer to an upload that a fault of this server has interrupted: padded as all are, and asking to try again. */
export function publishFaultRenderer(
  deps: Pick<PublishRouteDeps, 'random' | 'padding'> & Pick<StatsRouteDeps, 'stats'>,
): RenderFault {
  return (fault) => {
    if (fault instanceof StatsFault) return answerToStatsFault(fault, deps);
    const answer = answerToFault(fault);
    return {
      status: answer.status,
      body: renderAnswer(answer, padding(deps.random, deps.padding)),
      headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
    };
  };
}

/** The answer to an authority whose statistics could not be read. */
function answerToStatsFault(
  fault: StatsFault,
  { random, stats }: Pick<StatsRouteDeps, 'random' | 'stats'>,
): FaultAnswer {
  const answer = unavailableStats(isOutage(fault) ? 503 : 500);
  return {
    status: answer.status,
    body: renderStats(answer, padding(random, stats.padding)),
    headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
  };
}

function answerToFault(fault: unknown): PublishAnswer {
  if (fault instanceof AppLookupFault) return unavailable('unable_to_load_health_authority');
  const answer = unavailable('internal_error');
  return isOutage(fault) ? answer : { ...answer, status: 500 }; // a mistake of ours is no outage
}

const isOutage = (fault: unknown): boolean =>
  fault instanceof StoreFault ||
  fault instanceof KeyRingFault ||
  fault instanceof CoverageFault ||
  (fault instanceof Error && isOutage(fault.cause));
