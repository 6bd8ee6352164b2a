import { createLogger } from '@keyserver/log';
import { certificateVerifier } from '@keyserver/health-authority';
import { openLocalPlatform } from '@keyserver/local';
import type { Ambient } from '@keyserver/service';
import { findApp, findAuthority, keyHasher, storeUploads } from '@keyserver/stores';
import { HOUR, SECOND } from '@keyserver/time';
import type { AppDeps } from './app.ts';
import { type PublishConfig, keyRules } from './config.ts';
import { type Lookup, rememberedLookup } from './remembered-lookup.ts';

/** Applications and authorities that are remembered, each; unknown names that phones send count too. */
const REMEMBERED = 1000;

/** The service's dependencies, and how to give back what they hold. */
export interface Wired {
  readonly deps: AppDeps;
  release(): Promise<void>;
}

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(config: PublishConfig, ambient: Ambient): Promise<Wired> {
  const { clock, random, write } = ambient;
  const { store, keyHashSecret, close } = await openLocalPlatform({
    dataDirectory: config.DATA_DIR,
    clock,
    random,
  });
  const remembered = <T>(lookup: Lookup<T>): Lookup<T> =>
    rememberedLookup(lookup, {
      clock,
      lifetimeMs: config.CONFIG_CACHE_SECONDS * SECOND,
      size: REMEMBERED,
    });
  const deps: AppDeps = {
    clock,
    random,
    log: createLogger({ service: 'publish', write, clock, level: config.LOG_LEVEL }),
    findApp: remembered(findApp(store)),
    verifyCertificate: certificateVerifier(remembered(findAuthority(store))),
    storeUpload: storeUploads(
      store,
      {
        hashKey: keyHasher(keyHashSecret),
        window: config.TRUNCATE_WINDOW_SECONDS,
        retention: config.KEY_RETENTION_HOURS * HOUR,
        maxKeyAge: config.MAX_KEY_AGE_HOURS * HOUR,
      },
      random,
    ),
    rules: keyRules(config),
    defaultRegions: config.DEFAULT_REGION === '' ? [] : [config.DEFAULT_REGION],
    padding: { min: config.PADDING_MIN_BYTES, range: config.PADDING_RANGE_BYTES },
    health: async () => {
      await store.now();
    },
  };
  return { deps, release: close };
}
