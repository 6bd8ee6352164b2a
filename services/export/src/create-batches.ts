import { type CutBatches, type ListExports, dueBatches } from '@keyserver/export-file';
import { type Logger, configuredId, faultTrail } from '@keyserver/log';
import { type UnixMillis, unixMillis } from '@keyserver/time';

/** Hears of every fault that a job goes on after, or ends on: none of them reaches a route. */
export type NoteFault = (fault: unknown) => void;

/** What it takes to cut time into batches. */
export interface CreateBatchesDeps {
  readonly listExports: ListExports;
  readonly cutBatches: CutBatches;
  readonly log: Logger;
  readonly noteFault: NoteFault;
  /** Age that a window must have before it is exported, in ms; never less than the store needs to close it. */
  readonly minWindowAge: number;
  /** At most so many batches of one export in one run. */
  readonly limit: number;
}

/** What one run did: batches created, exports it did not come to, and the ids of those that failed. */
export interface BatchesCreated {
  readonly created: number;
  readonly left: number;
  readonly failed: readonly string[];
}

type Config = Awaited<ReturnType<ListExports>>[number];

/**
 * Opens the batches that are due, one export and one transaction after another. An export that fails does not stop the
 * others.
 */
export async function createBatches(
  deps: CreateBatchesDeps,
  signal: AbortSignal,
): Promise<BatchesCreated> {
  const configs = [...(await deps.listExports())].sort(shortPeriodsFirst);
  const failed: string[] = [];
  let [created, left] = [0, configs.length];
  let horizon: number | undefined;
  for (const config of configs) {
    if (signal.aborted) break;
    left -= 1;
    try {
      const cut = await cutOne(deps, config, horizon);
      created += cut.created;
      // Longer batches wait for the shorter ones within them (see turnOf), also where those are still being caught up.
      if (cut.behind) horizon = Math.min(horizon ?? Infinity, cut.coveredUntil ?? 0);
    } catch (fault) {
      deps.noteFault(fault);
      failed.push(configuredId(config));
      deps.log.event('export.config_failed', {
        config: configuredId(config),
        causes: faultTrail(fault),
      });
    }
  }
  return { created, left, failed };
}

const shortPeriodsFirst = (a: Config, b: Config): number =>
  a.period - b.period || (a.id < b.id ? -1 : 1);

interface CutReport {
  readonly created: number;
  readonly behind: boolean;
  readonly coveredUntil: UnixMillis | undefined;
}

async function cutOne(
  deps: CreateBatchesDeps,
  listed: Config,
  horizon: number | undefined,
): Promise<CutReport> {
  const { limit } = deps;
  let behind = false;
  const { created, coveredUntil } = await deps.cutBatches(listed.id, (state) => {
    const aged = Math.max(0, state.now - deps.minWindowAge);
    const eff = unixMillis(Math.min(aged, horizon ?? aged));
    const spans = dueBatches(state.config, { ...state, eff, limit });
    behind = spans.length === limit;
    return spans;
  });
  if (created > 0)
    deps.log.event('export.batches_created', { config: configuredId(listed), created, behind });
  return { created, behind, coveredUntil };
}
