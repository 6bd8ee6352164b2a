import {
  type ExportConfig,
  type LateCause,
  type ListExports,
  type Progress,
  type Punctuality,
  latenessOf,
} from '@keyserver/export-file';
import { type Logger, configuredId } from '@keyserver/log';
import { HealthFault, type HealthProbe } from '@keyserver/service';
import type { UnixMillis, WindowCalendar } from '@keyserver/time';

/** What it takes to find out which exports are late. */
export interface LateWatchDeps extends Punctuality {
  readonly listExports: ListExports;
  readonly progressOf: (configId: string) => Promise<Progress>;
  readonly storeTime: () => Promise<UnixMillis>;
  /** The release windows of keys. */
  readonly readWindows: () => WindowCalendar | Promise<WindowCalendar>;
  readonly log: Logger;
}

/** Says when the newest export is older than it should be, and why. */
export interface LateWatch {
  /** Alerts for each export that is late. */
  readonly check: () => Promise<void>;
  readonly probe: HealthProbe;
}

const BECAUSE: Readonly<Record<LateCause, string>> = {
  not_cut: 'its batches are not cut: does /create-batches run?',
  no_signer: 'none of its signing keys can sign',
  not_made: 'a batch is not finished: the events of do-work say why',
  not_listed: 'its index cannot be written: the events of do-work say why',
};

/**
 * A watch over the age of all exports. The store alone tells it, so that a process which lives for minutes knows it as well as
 * one that lives for months. Health is silent until the first check: that comes after the work of a process, which may be
 * the very work that was late.
 */
export function lateWatch(deps: LateWatchDeps): LateWatch {
  let begun: UnixMillis | undefined;
  let isChecked = false;
  const lateOnes = async (): Promise<readonly Late[]> => {
    const now = await deps.storeTime();
    begun ??= now;
    return isChecked ? await findLate(deps, now, begun) : [];
  };
  return {
    check: async () => {
      isChecked = true;
      for (const { config, because } of await lateOnes())
        deps.log.event('export.late', { config: configuredId(config), because });
    },
    probe: async () => {
      const [first] = await lateOnes();
      if (first === undefined) return;
      const { config, because } = first;
      throw new HealthFault(
        'export_late',
        `the newest files of export ${config.id} are older than they should be, because ${BECAUSE[because]}`,
      );
    },
  };
}

interface Late {
  readonly config: ExportConfig;
  readonly because: LateCause;
}

async function findLate(
  deps: LateWatchDeps,
  now: UnixMillis,
  begun: UnixMillis,
): Promise<readonly Late[]> {
  const late: Late[] = [];
  const windows = await deps.readWindows();
  for (const config of await deps.listExports()) {
    const progress = await deps.progressOf(config.id);
    // Nothing tells when an export was configured that was never cut: it may have been a moment ago.
    if (progress.coveredUntil === undefined && now < begun + deps.lateAfter) continue;
    const because = latenessOf(config, progress, { ...deps, now, windows });
    if (because !== undefined) late.push({ config, because });
  }
  return late;
}
