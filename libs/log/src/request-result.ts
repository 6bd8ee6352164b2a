import type { EventName, Events } from './events.ts';
import type { RequestResult } from './words.ts';

type ResultOf = { readonly [N in EventName]?: (fields: Events[N]) => RequestResult };

/** The events that say how a request ended. A request has one of them, or `request.served` or `request.unserved`, or those of the job that it started. */
const RESULT_OF: ResultOf = {
  'publish.accepted': () => 'ok',
  'publish.refused': ({ code }) => code,
  'publish.aborted': () => 'aborted',
  'publish.overloaded': () => 'overloaded',
  'stats.answered': () => 'ok',
  'stats.refused': ({ reason }) => (reason === 'off' ? 'failed' : 'refused'),
  'request.fault': () => 'fault',
  'caller.refused': () => 'caller_refused',
  'caller.unverifiable': () => 'caller_unverifiable',
};

/** How a request ended, when this event says so. */
export const requestResult = <N extends EventName>(
  name: N,
  fields: Events[N],
): RequestResult | undefined => RESULT_OF[name]?.(fields);
