import {
  type Platform,
  type TokenKeys,
  type Wired,
  jobParts,
  openPlatform,
  tokenKeys,
  wireOver,
} from '@keyserver/platform';
import type { Ambient } from '@keyserver/service';
import { readDataKeys, rotateDataKeys } from '@keyserver/stores';
import { DAY, HOUR } from '@keyserver/time';
import type { AppDeps } from './app.ts';
import type { TrustSettings } from './config.ts';

export { openCloudExporter } from '@keyserver/platform';

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(config: TrustSettings, ambient: Ambient): Promise<Wired<AppDeps>> {
  const wrapping = ({ wrapper }: TokenKeys) => wrapper;
  const platform = await openPlatform(config, ambient, tokenKeys(config), { wrapping });
  return await wireOver(platform, () => depsOver(platform, { config, ambient }));
}

function depsOver(
  platform: Platform & TokenKeys,
  options: { readonly config: TrustSettings; readonly ambient: Ambient },
): AppDeps {
  const { store, wrapper } = platform;
  const { config } = options;
  const newAfter = config.NEW_DATA_KEY_HOURS * HOUR;
  // A token that was made just before its key got a successor holds keys that may be published for so long, and a day more for
  // a key that was still valid then; two windows are for the clocks of those who made it.
  const destroyAfter = config.MAX_KEY_AGE_HOURS * HOUR + DAY + 2 * config.TRUNCATE_WINDOW_SECONDS;
  return {
    ...jobParts(platform, options),
    wrapper,
    readKeys: readDataKeys(store),
    rotate: async (draw) => await rotateDataKeys(store, { draw, newAfter, destroyAfter }),
  };
}
