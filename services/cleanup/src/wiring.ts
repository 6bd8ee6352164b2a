import {
  type Platform,
  type Wired,
  jobParts,
  openPlatform,
  storeAlone,
  wireOver,
} from '@keyserver/platform';
import type { Ambient } from '@keyserver/service';
import { foldTotals, storedWindows } from '@keyserver/stores';
import { DAY } from '@keyserver/time';
import type { AppDeps } from './app.ts';
import type { CleanupSettings } from './config.ts';

export { openCloudExporter } from '@keyserver/platform';

/** Opens the platform that the settings name, and puts the service together over it. */
export const wire = async (config: CleanupSettings, ambient: Ambient): Promise<Wired<AppDeps>> =>
  await wireOver(await openPlatform(config, ambient, storeAlone), (platform) =>
    depsOver(platform, { config, ambient }),
  );

function depsOver(
  platform: Platform,
  options: { readonly config: CleanupSettings; readonly ambient: Ambient },
): AppDeps {
  const retention = options.config.TOTALS_RETENTION_DAYS * DAY;
  return {
    ...jobParts(platform, options),
    fold: async (folding) =>
      await foldTotals(platform.store, { ...folding, retention, windows: storedWindows }),
  };
}
