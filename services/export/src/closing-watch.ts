import type { DocumentStore } from '@keyserver/docstore';
import type { Logger } from '@keyserver/log';
import {
  type Lifecycle,
  closingWaits,
  emptyFrom,
  noteDrained,
  readLifecycle,
} from '@keyserver/stores';
import { DAY } from '@keyserver/time';

/**
 * Looks whether a server that is closing has brought out all that it had, and notes since when. It is looked at every five minutes
 * for as long as files stay, so that no single look begins a deletion.
 */
export const closingWatch = (store: DocumentStore, log: Logger) => async (): Promise<void> => {
  const life = await readLifecycle(store);
  if (life?.state === 'closing') await look(store, log, life);
};

async function look(store: DocumentStore, log: Logger, life: Lifecycle): Promise<void> {
  const waits = await closingWaits(store, life);
  const { before, after } = await noteDrained(store, waits.length === 0);
  if (after === undefined) {
    if (before !== undefined) log.event('lifecycle.not_drained', {});
    return;
  }
  if (before === undefined)
    log.event('lifecycle.drained', { days: Math.ceil(life.keepFilesMs / DAY) });
  const from = emptyFrom({ ...life, drainedAt: after });
  if (from !== undefined && (await store.now()) >= from) log.event('lifecycle.finish_due', {});
}
