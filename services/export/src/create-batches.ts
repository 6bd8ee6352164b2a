import type { CutBatches, ListExports } from '@keyserver/export-file';
import type { UnitStore } from '@keyserver/stores';
import { type Logger, configuredId, faultTrail } from '@keyserver/log';

/** Hears of every fault that a job goes on after, or ends on: none of them reaches a route. */
export type NoteFault = (fault: unknown) => void;

/** What it takes to cut time into batches. */
export interface CreateBatchesDeps {
  readonly listExports: ListExports;
  readonly cutBatches: CutBatches;
  /** Partners, whose windows are given out as soon as they are closed, whatever age exports wait for. */
  readonly units: Pick<UnitStore, 'listPartners' | 'cutUnits'>;
  readonly log: Logger;
  readonly noteFault: NoteFault;
  /** Age that a window must have before it is exported, in ms; never less than the store needs to close it. */
  readonly minWindowAge: number;
  /** At most so many batches of one export, and units of one partner, in one run. */
  readonly limit: number;
}

/** What one run did: batches and units created, exports and partners it did not come to, and those that failed, as in `export us`. */
export interface BatchesCreated {
  readonly created: number;
  readonly left: number;
  readonly failed: readonly string[];
}

/** Something that is cut, and what is said of it. */
interface Target {
  readonly name: string;
  readonly cut: (limit: number) => ReturnType<CutBatches>;
  readonly onCreated: (created: number, behind: boolean) => void;
  readonly onFault: (fault: unknown) => void;
}

/**
 * Opens the batches and units that are due, one export and one partner after another. One that fails does not stop the others. A
 * partner that is fresh, and always was, has nothing to be cut.
 */
export async function createBatches(
  deps: CreateBatchesDeps,
  signal: AbortSignal,
): Promise<BatchesCreated> {
  const exports = (await deps.listExports()).map((config) => exportTarget(deps, config));
  const partners = (await deps.units.listPartners()).map((one) => partnerTarget(deps, one));
  const targets = [...exports, ...partners];
  const failed: string[] = [];
  let [created, left] = [0, targets.length];
  for (const target of targets) {
    if (signal.aborted) break;
    left -= 1;
    try {
      created += await cutOne(deps, target, signal);
    } catch (fault) {
      deps.noteFault(fault);
      failed.push(target.name);
      target.onFault(fault);
    }
  }
  return { created, left, failed };
}

interface Named {
  readonly id: string;
}

function exportTarget({ cutBatches, minWindowAge, log }: CreateBatchesDeps, { id }: Named): Target {
  const config = configuredId({ id });
  return {
    name: `export ${config}`,
    cut: async (limit) => await cutBatches(id, { minWindowAge, limit }),
    onCreated: (created, behind) => {
      log.event('export.batches_created', { config, created, behind });
    },
    onFault: (fault) => {
      log.event('export.config_failed', { config, causes: faultTrail(fault) });
    },
  };
}

function partnerTarget({ units, log }: CreateBatchesDeps, { id }: Named): Target {
  const partner = configuredId({ id });
  return {
    name: `partner ${partner}`,
    cut: async (limit) => await units.cutUnits(id, { minWindowAge: 0, limit }),
    onCreated: (created, behind) => {
      log.event('federation.units_created', { partner, created, behind });
    },
    onFault: (fault) => {
      log.event('federation.unit_failed', {
        ...{ partner, reason: 'not_cut', causes: faultTrail(fault) },
      });
    },
  };
}

/** Cuts one of them, day by day, up to the limit of a run. */
async function cutOne(
  { limit }: CreateBatchesDeps,
  { cut, onCreated }: Target,
  signal: AbortSignal,
): Promise<number> {
  let created = 0;
  let behind = true;
  while (behind && created < limit && !signal.aborted) {
    const made = await cut(limit - created);
    created += made.created;
    behind = made.more;
  }
  if (created > 0) onCreated(created, behind);
  return created;
}
