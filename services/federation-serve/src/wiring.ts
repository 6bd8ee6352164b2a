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
  metDamage,
  partnerVerifier,
  probeAll,
} from '@keyserver/service';
import {
  type Units,
  findPartner,
  freshUnits,
  paddedUnits,
  partnerDays,
  pausesReader,
  readSealingKey,
  rememberedPauses,
  servedUnits,
} from '@keyserver/stores';
import type { DocumentStore } from '@keyserver/docstore';
import type { Partner } from '@keyserver/federation';
import { planSpanOf, readerOf } from '@keyserver/padding';
import { type Clock, HOUR, SECOND } from '@keyserver/time';
import { type FederationServeSettings, issuersOf } from './config.ts';
import type { FetchDeps } from './grpc/fetch-method.ts';
import { withRecentTime } from './recent-time.ts';
import { callRates } from './rate-limit.ts';
import { knownSinceReset } from './since-reset.ts';
import { unitCache } from './unit-cache.ts';

export { openCloudExporter } from '@keyserver/platform';

const MEGABYTE = 1_000_000;

/** What the service is made of. */
export interface ServeDeps extends FetchDeps {
  readonly health: HealthProbe;
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
  const store = withRecentTime(platform.store, timers);
  const log = openLog(config.LOG_LEVEL);
  const damage = metDamage(clock);
  const storeTime = async () => await store.now();
  const onDrawn = (): void => {
    log.event('federation.sealing_key_drawn', {});
  };
  return {
    ...{ log, clock, timers, random, noteFault: damage.note },
    ...knownSinceReset({ storeTime, timers }, () => {
      const { findUnit, readUnit } = unitsOf(store, config, clock);
      return { findUnit, loadUnit: unitCache(readUnit, config.UNIT_CACHE_MB * MEGABYTE) };
    }),
    storeTime,
    readSealingKey: readSealingKey(store, { random, onDrawn }),
    verifyPartner: partnerVerifier({
      ...{ issuers: issuersOf(config), findPartner: findPartner(store), clock, timers },
      allowHttpJwks: true, // the setting takes a plain http address only of this very machine
    }),
    admitCall: callRates(timers),
    callDeadline: config.CALL_DEADLINE_SECONDS * SECOND,
    maxCalls: config.MAX_CALLS,
    health: probeAll(timers, [...probesOf(platform), damage.probe, logHealth]),
  };
}

/** The units of all partners, each in the way in which its partner was served on that day. */
function unitsOf(store: DocumentStore, config: FederationServeSettings, clock: Clock): Units {
  const retention = config.KEY_RETENTION_HOURS * HOUR;
  const span = planSpanOf(config.PROFILE);
  const days = partnerDays(store, span);
  const padded = paddedUnits(store, { retention, span });
  const recall = rememberedPauses(store, clock);
  const waits = async (one: Partner): Promise<boolean> =>
    pausesReader(await recall(), readerOf(one));
  return servedUnits(store, {
    ...{ days, padded },
    fresh: freshUnits(store, { retention, waits, ...days }),
  });
}
