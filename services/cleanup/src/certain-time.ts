import type { DocumentStore } from '@keyserver/docstore';
import type { Logger } from '@keyserver/log';
import { keepFindings } from '@keyserver/stores';
import type { UnixMillis } from '@keyserver/time';

const SENTENCE =
  'nothing was deleted since the time is not certain: was this process younger than ten minutes whenever a job came, or is its clock doubted? docs/runbooks/service.unhealthy.md';

/**
 * The time before which documents have certainly expired; undefined when a run may delete nothing yet. Since when that is so is kept in the
 * store: a process that is always started anew before it is certain would never delete anything, and say so to nobody.
 */
export async function certainTime({
  store,
  log,
}: {
  readonly store: DocumentStore;
  readonly log: Logger;
}): Promise<UnixMillis | undefined> {
  const certain = await store.certainTime();
  await keepFindings(store, { deletion_waits: certain === undefined ? SENTENCE : undefined });
  if (certain === undefined) log.event('cleanup.clock_unsettled', {});
  return certain;
}
