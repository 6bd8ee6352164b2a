import type { DocumentStore } from '@keyserver/docstore';
import { type Logger, configuredId } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import { type Pause, checkPause, readPauses, readStandings } from '@keyserver/stores';
import { HOUR, type UnixMillis, unixMillis } from '@keyserver/time';

/** What it takes to see whether a query is paused, and for how long it may be. */
interface QueryWaitsDeps {
  readonly store: DocumentStore;
  readonly log: Logger;
  readonly random: Random;
  /** How long a window can be read, ms; what partners keep is taken to be kept as long. */
  readonly retention: number;
}

/**
 * Whether a query waits for the end of a pause. Alerts before the pause ends by itself, and ends it when the partner could soon give
 * no more what it had when the query last had everything.
 */
export async function queryWaits(deps: QueryWaitsDeps, queryId: string): Promise<boolean> {
  const { store, log, random, retention } = deps;
  const pause = (await readPauses(store)).find(
    ({ kind, target }) => kind === 'query' && target === queryId,
  );
  if (pause === undefined) return false;
  const oldest = await oldestLacking(store, pause);
  const due = { oldest, retention, random, actor: 'the federation-pull service' };
  const checked = await checkPause(store, pause, due);
  const named = { kind: pause.kind, target: configuredId({ id: pause.target }) };
  if (checked.kind === 'ended') log.event('pause.ended', named);
  if (checked.kind === 'ends soon') {
    const left = Math.max(0, checked.endsAt - (await store.now()));
    log.event('pause.ends_soon', { ...named, hours: Math.floor(left / HOUR) });
  }
  return checked.kind !== 'ended';
}

/** Since when the query may lack something. */
async function oldestLacking(store: DocumentStore, { target, since }: Pause): Promise<UnixMillis> {
  const [standing] = await readStandings(store, [target]);
  return unixMillis(Math.min(since, standing?.caughtUpAt ?? since));
}
