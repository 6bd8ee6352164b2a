import type { DocumentStore } from '@keyserver/docstore';
import type { FindSigner, OpenBucket, TrySigner } from '@keyserver/export-file';
import { createLogger } from '@keyserver/log';
import { planSpanOf } from '@keyserver/padding';
import type { Random } from '@keyserver/random';
import {
  batchListing,
  findSigningKeys,
  listExports,
  readKeyBatches,
  readPlans,
  readStoreFormat,
  settledCells,
  usedSigningKeys,
} from '@keyserver/stores';
import type { Clock, Timers } from '@keyserver/time';
import { jitteredPause } from './pause.ts';
import type { RebuildDeps } from './rebuild/rebuild-files.ts';

export { type BrokenFile, type Damage, findDamage } from './rebuild/find-damage.ts';
export { type Rebuilt, rebuildFiles } from './rebuild/rebuild-files.ts';

/** What a rebuild works with: an open platform, and the durations that the export service is set to. */
export interface RebuildSettings {
  readonly store: DocumentStore;
  readonly openBucket: OpenBucket;
  readonly findSigner: FindSigner;
  readonly trySigner: TrySigner;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** How long files stay in the index, in ms. */
  readonly retentionMs: number;
  /** For how long a published key is kept, in ms. */
  readonly keyRetentionMs: number;
  /** For how long caches may keep an index, in seconds. */
  readonly indexMaxAgeSeconds: number;
}

/** Puts together what makes the files of exports anew, outside the service. */
export function rebuildDeps(options: RebuildSettings): RebuildDeps {
  const { store, clock, timers, random, keyRetentionMs } = options;
  return {
    ...options,
    listings: batchListing(store),
    listExports: listExports(store),
    findSigningKeys: findSigningKeys(store),
    usedKeys: usedSigningKeys(store),
    readKeyBatches: readKeyBatches(store, { retention: keyRetentionMs }),
    planOf: async (t) => {
      const format = await readStoreFormat(store);
      return await readPlans(store, planSpanOf(format?.profile))(t);
    },
    cells: settledCells(store),
    storeTime: async () => await store.now(),
    pause: jitteredPause({ random, timers }),
    // What a command does is said by the command, and kept in the audit entries.
    log: createLogger({ service: 'export', write: () => true, clock, timers }),
    minWindowAge: 0,
  };
}
