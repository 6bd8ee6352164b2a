import {
  type Buckets,
  type Platform,
  type Wired,
  fileBuckets,
  jobParts,
  jobProgress,
  openPlatform,
  probeUnless,
  restsLately,
  wireOver,
} from '@keyserver/platform';
import { type Ambient, metDamage, namedProbe } from '@keyserver/service';
import { StorePartFault, foldTotals, ownParts, storedWindows } from '@keyserver/stores';
import { DAY, HOUR } from '@keyserver/time';
import type { AppDeps } from './app.ts';
import type { CleanupSettings } from './config.ts';
import { findingProbes } from './health.ts';

export { openCloudExporter } from '@keyserver/platform';

/** Opens the platform that the settings name, and puts the service together over it. */
export const wire = async (config: CleanupSettings, ambient: Ambient): Promise<Wired<AppDeps>> =>
  await wireOver(
    await openPlatform(config, ambient, fileBuckets(config)),
    async (platform) => await depsOver(platform, { config, ambient }),
  );

async function depsOver(
  platform: Platform & Buckets,
  options: { readonly config: CleanupSettings; readonly ambient: Ambient },
): Promise<AppDeps> {
  const { config, ambient } = options;
  const { store, format } = platform;
  const { clock, timers } = ambient;
  const retention = config.TOTALS_RETENTION_DAYS * DAY;
  const parts = await ownParts({ ...platform, storeId: format.storeId, clock });
  const damage = metDamage(clock);
  const rests = restsLately(platform, timers);
  return {
    ...jobParts(platform, options, [
      namedProbe('part_missing', StorePartFault, parts.check),
      ...findingProbes(store, clock).map((probe) => probeUnless(rests, probe)),
      damage.probe,
    ]),
    ...{ store, openBucket: parts.openBucket, noteFault: damage.note },
    progress: [jobProgress(store, ['cleanup-totals', 'cleanup-keys', 'cleanup-exports'])],
    keyRetention: config.KEY_RETENTION_HOURS * HOUR,
    exportRetention: config.EXPORT_RETENTION_HOURS * HOUR,
    fold: async (folding) =>
      await foldTotals(store, { ...folding, retention, windows: storedWindows }),
  };
}
