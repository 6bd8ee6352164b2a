import {
  type ExportConfig,
  type LateCause,
  type ListExports,
  type OpenBucket,
  type Progress,
  type Punctuality,
  indexName,
  latenessOf,
} from '@keyserver/export-file';
import { type Logger, configuredId } from '@keyserver/log';
import { HealthFault, type HealthProbe, namedProbe, seldom } from '@keyserver/service';
import { type Clock, MINUTE, type UnixMillis, type WindowCalendar } from '@keyserver/time';
import type { DocumentStore } from '@keyserver/docstore';
import type { Random } from '@keyserver/random';
import { type Pause, pausesReader, probeExports, probeWriting } from '@keyserver/stores';
import type { Destination } from './publish-index.ts';

/** What it takes to find out which exports are late. */
interface LateWatchDeps extends Punctuality {
  readonly listExports: ListExports;
  readonly progressOf: (configId: string) => Promise<Progress>;
  readonly storeTime: () => Promise<UnixMillis>;
  readonly readPauses: () => Promise<readonly Pause[]>;
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

const BECAUSE: Readonly<Record<LateCause | 'paused', string>> = {
  not_cut: 'its batches are not cut: does /create-batches run?',
  no_signer: 'none of its signing keys can sign',
  not_made: 'a batch is not finished: the events of do-work say why',
  paused:
    'it waits for the end of a pause: `npx keyserver pause` lists them, `npx keyserver resume` ends one',
  not_listed: 'its index cannot be written: the events of do-work say why',
};

/**
 * A watch over the age of all exports. It reads the store alone, so a process that has just started knows it too. Health reports
 * nothing until the first check. That comes after the first work of a process, which may be the very work that was late.
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
  readonly because: LateCause | 'paused';
}

/** Whether it is for the making of files that an export waits: a pause keeps nothing else from being done. */
const isMade = (because: LateCause): boolean => because === 'not_made' || because === 'no_signer';

async function findLate(
  deps: LateWatchDeps,
  now: UnixMillis,
  begun: UnixMillis,
): Promise<readonly Late[]> {
  const late: Late[] = [];
  const windows = await deps.readWindows();
  const pauses = await deps.readPauses();
  for (const config of await deps.listExports()) {
    const progress = await deps.progressOf(config.id);
    // Nothing tells when an export was configured that was never cut: it may have been a moment ago.
    if (progress.coveredUntil === undefined && now < begun + deps.lateAfter) continue;
    const because = latenessOf(config, progress, { ...deps, now, windows });
    if (because !== undefined)
      late.push({
        config,
        because: isMade(because) && pausesReader(pauses, config) ? 'paused' : because,
      });
  }
  return late;
}

/** Remembers where archives were missing when this process last looked for them. */
export interface MissingArchives {
  /** Notes how many archives of a place are recorded and not there. */
  readonly note: (place: Destination, missing: number) => void;
  /** Fails while archives are missing anywhere. */
  readonly probe: HealthProbe;
}

/** Begins to remember missing archives; all are there until one was missed. */
export function missingArchives(): MissingArchives {
  const missed = new Map<string, string>();
  return {
    note: ({ id, bucket, filenameRoot }, missing) => {
      const place = `${bucket}/${filenameRoot}`;
      if (missing === 0) missed.delete(`${id} ${place}`);
      else
        missed.set(`${id} ${place}`, `${missing} archives of export ${id} are gone from ${place}`);
    },
    probe: async () => {
      await Promise.resolve();
      const [first] = missed.values();
      if (first !== undefined) throw new HealthFault('archive_missing', first);
    },
  };
}

/** How often health asks for each of these, ms: on Firestore about eight reads and one write each time. */
const EVERY = MINUTE;

/** What shows that jobs could work: all that they read, a write, and the index of each export in its bucket. */
export function probesOfWork(options: {
  readonly store: DocumentStore;
  readonly openBucket: OpenBucket;
  readonly listExports: ListExports;
  readonly random: Random;
  readonly clock: Clock;
}): readonly HealthProbe[] {
  const { store, openBucket, listExports, random, clock } = options;
  const indexes = async (): Promise<void> => {
    for (const { bucket, filenameRoot } of await listExports())
      await openBucket(bucket).find(indexName(filenameRoot));
  };
  return [
    probeExports(store, random),
    probeWriting(store, random),
    namedProbe('bucket_unavailable', Error, indexes),
  ].map((probe) => seldom(probe, EVERY, clock));
}
