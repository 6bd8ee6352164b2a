import type { DocumentStore } from '@keyserver/docstore';
import type { BatchListing, ExportConfig, ListExports } from '@keyserver/export-file';
import type { Partner } from '@keyserver/federation';
import { type Logger, configuredId } from '@keyserver/log';
import { readerOf } from '@keyserver/padding';
import type { Random } from '@keyserver/random';
import { type Pause, type UnitStore, checkPause, pausesReader } from '@keyserver/stores';
import { HOUR, type UnixMillis, unixMillis } from '@keyserver/time';

/** What it takes to see how long pauses may last. */
interface PauseWatchDeps {
  readonly readPauses: () => Promise<readonly Pause[]>;
  readonly listExports: ListExports;
  readonly progressOf: BatchListing['progressOf'];
  readonly units: Pick<UnitStore, 'listPartners' | 'progressOf'>;
  readonly storeTime: () => Promise<UnixMillis>;
  readonly log: Logger;
  readonly random: Random;
  /** How long a window can be read, ms. */
  readonly retention: number;
}

/**
 * Looks at all pauses but those of queries: alerts before one ends by itself, and ends it when the oldest window that waits for it
 * could soon be read no more.
 */
export const pauseWatch =
  (store: DocumentStore, deps: PauseWatchDeps) => async (): Promise<void> => {
    for (const pause of await deps.readPauses()) {
      const oldest = await oldestWaiting(deps, pause);
      if (oldest === undefined) continue;
      const { random, retention, log } = deps;
      const due = { oldest, retention, random, actor: 'the export service' };
      const checked = await checkPause(store, pause, due);
      const named = { kind: pause.kind, target: configuredId({ id: pause.target }) };
      if (checked.kind === 'ended') log.event('pause.ended', named);
      if (checked.kind !== 'ends soon') continue;
      const left = Math.max(0, checked.endsAt - (await deps.storeTime()));
      log.event('pause.ends_soon', { ...named, hours: Math.floor(left / HOUR) });
    }
  };

/** The start of the oldest window that waits for the end of a pause; undefined when none does. */
async function oldestWaiting(deps: PauseWatchDeps, pause: Pause): Promise<UnixMillis | undefined> {
  // Where a partner stands, only it knows: it waits at least since the pause began.
  if (pause.kind === 'partner') return pause.since;
  const waiting: (UnixMillis | undefined)[] = [];
  for (const config of await deps.listExports())
    if (pausesReader([pause], config))
      waiting.push(firstOf(config, await deps.progressOf(config.id)));
  for (const partner of await deps.units.listPartners())
    if (pausesReader([pause], readerOf(partner)))
      waiting.push(await waitingOf(deps, partner, pause));
  const known = waiting.filter((one) => one !== undefined);
  return known.length === 0 ? undefined : unixMillis(Math.min(...known));
}

/** Where a partner stands that is given windows as they close, only it knows: it waits since the pause began. */
const waitingOf = async (
  { units }: PauseWatchDeps,
  partner: Partner,
  { since }: Pause,
): Promise<UnixMillis | undefined> =>
  partner.mode === 'fresh' ? since : firstOf(partner, await units.progressOf(partner.id));

/** What is cut and not made comes first; else what is not cut yet. One that has ended waits for nothing behind its end. */
function firstOf(
  { thru }: Pick<ExportConfig, 'thru'>,
  {
    open,
    coveredUntil,
  }: {
    readonly open: { readonly start: UnixMillis } | undefined;
    readonly coveredUntil: UnixMillis | undefined;
  },
): UnixMillis | undefined {
  if (open !== undefined) return open.start;
  return coveredUntil !== undefined && coveredUntil < (thru ?? Infinity) ? coveredUntil : undefined;
}
