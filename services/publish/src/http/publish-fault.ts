import { StoreFault } from '@keyserver/docstore';
import { KeyRingFault } from '@keyserver/revision-token';
import type { RenderFault } from '@keyserver/service';
import { CoverageFault } from '@keyserver/stores';
import { AppLookupFault } from '../publish-keys.ts';
import { padding } from './padding.ts';
import type { PublishRouteDeps } from './publish-route.ts';
import { type PublishAnswer, RETRY_AFTER_SECONDS, unavailable } from './publish-response.ts';
import { apiOf } from './upload-api.ts';

/** The answer to an upload that a fault of this server has interrupted: padded as all are, and asking to try again. */
export function publishFaultRenderer(
  deps: Pick<PublishRouteDeps, 'random' | 'padding'>,
): RenderFault {
  return (fault, path) => {
    const answer = answerToFault(fault);
    return {
      status: answer.status,
      body: apiOf(path).render(answer, padding(deps.random, deps.padding)),
      headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
    };
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
