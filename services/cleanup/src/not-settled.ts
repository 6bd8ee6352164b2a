import type { Done } from '@keyserver/jobs';
import type { Logger } from '@keyserver/log';

/** A run that may delete nothing yet; it says that all is left. */
export function notSettled(log: Logger, done = 0): Done {
  log.event('cleanup.clock_unsettled', {});
  return { kind: 'done', done, left: 1 };
}
