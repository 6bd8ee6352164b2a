import {
  type Platform,
  type TokenKeys,
  type Wired,
  jobParts,
  jobProgress,
  openPlatform,
  probeUnless,
  restsLately,
  tokenKeys,
  wireOver,
} from '@keyserver/platform';
import { dataKeyLife } from '@keyserver/revision-token';
import { type Ambient, seldom, strictJsonParser } from '@keyserver/service';
import {
  forgetKeySet,
  readAuthorityKeys,
  readDataKeys,
  readTokenKeyAge,
  recordRefreshFailure,
  recordServedKeys,
  rotateDataKeys,
} from '@keyserver/stores';
import { HOUR, SECOND } from '@keyserver/time';
import type { AppDeps } from './app.ts';
import type { TrustSettings } from './config.ts';
import { keySetFetcher } from './fetch-key-set.ts';
import { keySetHealth } from './health.ts';
import { trustProgress } from './progress.ts';
import type { RefreshDeps } from './refresh-authority-keys.ts';

export { openCloudExporter } from '@keyserver/platform';

/** Who the audit log names for what the refresh of keys changes. */
const ACTOR = 'job refresh-authority-keys';
/** How long an authority may take to answer, ms. */
const PATIENCE = 10 * SECOND;
/** How often health reads all authorities at most, ms: it is asked by anybody. */
const READ_EVERY = 10 * SECOND;

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(config: TrustSettings, ambient: Ambient): Promise<Wired<AppDeps>> {
  const wrapping = ({ wrapper }: TokenKeys) => wrapper;
  const platform = await openPlatform(config, ambient, tokenKeys(config), { wrapping });
  return await wireOver(platform, async () => await depsOver(platform, { config, ambient }));
}

async function depsOver(
  platform: Platform & TokenKeys,
  options: { readonly config: TrustSettings; readonly ambient: Ambient },
): Promise<AppDeps> {
  const { store, wrapper } = platform;
  const { config, ambient } = options;
  const newAfter = config.NEW_DATA_KEY_HOURS * HOUR;
  const read = {
    readKeys: readDataKeys(store),
    readAuthorityKeys: async () => await readAuthorityKeys(store),
  };
  const keySets = keySetHealth({
    ...read,
    now: async () => await store.now(),
    startedAt: await store.now(),
    staleAfter: config.AUTHORITY_KEYS_STALE_SECONDS * SECOND,
  });
  return {
    ...jobParts(platform, options, [
      probeUnless(
        restsLately(platform, ambient.timers),
        seldom(keySets, READ_EVERY, ambient.clock),
      ),
    ]),
    wrapper,
    ...read,
    progress: [
      jobProgress(store, ['rotate-keys', 'refresh-authority-keys']),
      ...trustProgress(read),
    ],
    rotate: async (draw) => {
      const destroyAfter = dataKeyLife({
        maxKeyAge: await readTokenKeyAge(store),
        window: config.TRUNCATE_WINDOW_SECONDS,
      });
      const certain = await store.certainTime();
      return await rotateDataKeys(store, { draw, newAfter, destroyAfter, certain });
    },
    ...refreshOver(platform, options),
  };
}

/** Learning the keys of authorities over the platform's store. */
function refreshOver(
  { store, format }: Platform,
  {
    config,
    ambient: { timers, random },
  }: { readonly config: TrustSettings; readonly ambient: Ambient },
): Omit<RefreshDeps, 'log' | 'random'> {
  const endAfter = config.AUTHORITY_KEY_END_AFTER_SECONDS * SECOND;
  // Health must see several notes before it would call the newest of them stale.
  const noteEvery = (config.AUTHORITY_KEYS_STALE_SECONDS * SECOND) / 4;
  const loopback = format.profile === 'development';
  return {
    readAuthorityKeys: async () => await readAuthorityKeys(store),
    fetchKeySet: keySetFetcher({ timers, patience: PATIENCE, loopback }),
    parseJson: strictJsonParser(),
    recordServed: async (asked, served) => {
      const by = { actor: ACTOR, random };
      return await recordServedKeys(store, asked, { ...by, served, endAfter, noteEvery });
    },
    recordFailure: async (asked, problem, pause) =>
      await recordRefreshFailure(store, asked, { random, problem, pause }),
    forget: async (id) => await forgetKeySet(store, id),
    storeTime: async () => await store.now(),
  };
}
