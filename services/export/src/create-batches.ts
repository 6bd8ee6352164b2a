import type { CutBatches, ListExports } from '@keyserver/export-file';
import { type Logger, configuredId, faultTrail } from '@keyserver/log';

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

/** Opens the batches that are due, one export after another. An export that fails does not stop the others. */
export async function createBatches(
  deps: CreateBatchesDeps,
  signal: AbortSignal,
): Promise<BatchesCreated> {
  const configs = await deps.listExports();
  const failed: string[] = [];
  let [created, left] = [0, configs.length];
  for (const config of configs) {
    if (signal.aborted) break;
    left -= 1;
    try {
      created += await cutOne(deps, config, signal);
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

/** Cuts one export, day by day, up to the limit of a run. */
async function cutOne(
  { cutBatches, minWindowAge, limit, log }: CreateBatchesDeps,
  { id }: Config,
  signal: AbortSignal,
): Promise<number> {
  let created = 0;
  let behind = true;
  while (behind && created < limit && !signal.aborted) {
    const cut = await cutBatches(id, { minWindowAge, limit: limit - created });
    created += cut.created;
    behind = cut.more;
  }
  if (created > 0)
    log.event('export.batches_created', { config: configuredId({ id }), created, behind });
  return created;
}
