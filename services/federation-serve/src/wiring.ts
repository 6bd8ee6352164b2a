import {
  type Platform,
  type Wired,
  openPlatform,
  probesOf,
  storeAlone,
  wireOver,
} from '@keyserver/platform';
import {
  type Ambient,
  type HealthProbe,
  type ReadProgress,
  metDamage,
  partnerVerifier,
  probeAll,
} from '@keyserver/service';
import {
  epochReader,
  findPartner,
  pausesPartner,
  readLifecycle,
  readSealingKey,
  rememberedLife,
  rememberedPauses,
  standsStill,
  stateOf,
  unitsOfPartners,
} from '@keyserver/stores';
import type { DocumentStore } from '@keyserver/docstore';
import { HOUR, SECOND, type Timers } from '@keyserver/time';
import { type FederationServeSettings, issuersOf } from './config.ts';
import type { FetchDeps } from './grpc/fetch-method.ts';
import { withRecentTime } from './recent-time.ts';
import { servedPartners } from './progress.ts';
import { callRates } from './rate-limit.ts';
import { knownSinceReset } from './since-reset.ts';
import { unitCache } from './unit-cache.ts';

export { openCloudExporter } from '@keyserver/platform';

const MEGABYTE = 1_000_000;

/** What the service is made of. */
export interface ServeDeps extends FetchDeps {
  readonly health: HealthProbe;
  readonly progress: readonly ReadProgress[];
}

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(
  config: FederationServeSettings,
  ambient: Ambient,
): Promise<Wired<ServeDeps>> {
  const platform = await openPlatform(config, ambient, storeAlone);
  return await wireOver(platform, () => depsOver(platform, config, ambient));
}

function depsOver(
  platform: Platform,
  config: FederationServeSettings,
  { clock, timers, random, openLog, logHealth }: Ambient,
): ServeDeps {
  const { store } = platform;
  const log = openLog(config.LOG_LEVEL);
  const damage = metDamage(clock);
  const standing = servedPartners();
  const readPauses = rememberedPauses(store, clock);
  const served = { retention: config.KEY_RETENTION_HOURS * HOUR, profile: config.PROFILE, clock };
  const onDrawn = (): void => {
    log.event('federation.sealing_key_drawn', {});
  };
  return {
    ...{ log, clock, timers, random, noteFault: damage.note },
    ...knownSinceReset(epochReader(store), () => {
      const recent = withRecentTime(store, { timers, clock });
      const { findUnit, readUnit } = unitsOfPartners(recent, served);
      const loadUnit = unitCache(readUnit, config.UNIT_CACHE_MB * MEGABYTE);
      return { findUnit, loadUnit, storeTime: async () => await recent.now() };
    }),
    isPaused: async ({ id }) => pausesPartner(await readPauses(), id),
    ...{ noteServed: standing.note, progress: [standing.progress] },
    readSealingKey: readSealingKey(store, { random, onDrawn }),
    verifyPartner: partnerVerifier({
      ...{ issuers: issuersOf(config), findPartner: findPartner(store), clock, timers },
      allowHttpJwks: true, // the setting takes a plain http address only of this very machine
    }),
    admitCall: callRates(timers),
    restsFor: restsOver(store, timers),
    callDeadline: config.CALL_DEADLINE_SECONDS * SECOND,
    maxCalls: config.MAX_CALLS,
    health: probeAll(timers, [...probesOf(platform), damage.probe, logHealth]),
  };
}

/** What this server came to, once it is emptied; asked of the store at most every ten seconds. */
function restsOver(store: DocumentStore, timers: Timers): FetchDeps['restsFor'] {
  const recall = rememberedLife(async () => await readLifecycle(store), timers);
  return async () => {
    const life = await recall();
    return standsStill(stateOf(life)) ? life?.goal : undefined;
  };
}
