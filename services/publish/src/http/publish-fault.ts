import { StoreFault } from '@keyserver/docstore';
import { KeyRingFault } from '@keyserver/revision-token';
import type { RenderFault } from '@keyserver/service';
import { CoverageFault, LifecycleFault } from '@keyserver/stores';
import { AppLookupFault } from '../publish-keys.ts';
import type { PhoneAnswers } from './phone-answers.ts';
import { type PublishAnswer, RETRY_AFTER_SECONDS, unavailable } from './publish-response.ts';
import { apiOf } from './upload-api.ts';

/** The answer to an upload that a fault of this server has interrupted: padded as all are, and asking to try again. */
export function publishFaultRenderer(answers: PhoneAnswers): RenderFault {
  return (fault, path) => {
    const answer = answerToFault(fault);
    const { status } = answer;
    return {
      status,
      send: async (response) => {
        response.set('Retry-After', String(RETRY_AFTER_SECONDS));
        const render = (padding: string): string => apiOf(path).render(answer, padding);
        // A mistake of ours says nothing of the next upload.
        const ending = isOutage(fault) ? ({ kind: 'failed', fault } as const) : MISTAKE;
        await answers.send(response, { status, render }, ending);
      },
    };
  };
}

const MISTAKE = { kind: 'other', sort: 'mistake' } as const;

/** What an upload is told when this fault kept it from being published. */
export function answerToFault(fault: unknown): PublishAnswer {
  if (fault instanceof AppLookupFault) return unavailable('unable_to_load_health_authority');
  const answer = unavailable('internal_error');
  return isOutage(fault) ? answer : { ...answer, status: 500 }; // a mistake of ours is no outage
}

/** Whether a fault lies in what this service needs, and not in itself. */
export const isOutage = (fault: unknown): boolean =>
  fault instanceof AppLookupFault ||
  fault instanceof StoreFault ||
  fault instanceof KeyRingFault ||
  fault instanceof CoverageFault ||
  fault instanceof LifecycleFault ||
  (fault instanceof Error && isOutage(fault.cause));
