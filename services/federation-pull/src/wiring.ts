import { ConfigFault } from '@keyserver/config';
import {
  type OutgoingIdentity,
  type Platform,
  type Wired,
  isClosed,
  jobParts,
  openPlatform,
  outgoingIdentity,
  probeUnless,
} from '@keyserver/platform';
import type { Ambient } from '@keyserver/service';
import {
  federationSync,
  findQuery,
  keyHasher,
  listQueries,
  readStandings,
  rememberedWindows,
  whileOpen,
} from '@keyserver/stores';
import { HOUR, SECOND } from '@keyserver/time';
import type { AppDeps } from './app.ts';
import type { FederationPullSettings } from './config.ts';
import { queryHealth } from './health.ts';
import { queryProgress } from './progress.ts';
import { queryWaits } from './query-waits.ts';
import { ACCOUNT, partnerClients, readRoots } from './partner-client.ts';

export { openCloudExporter } from '@keyserver/platform';

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(
  config: FederationPullSettings,
  ambient: Ambient,
): Promise<Wired<AppDeps>> {
  const extraRoots = await extraRootsOf(config.FEDERATION_EXTRA_ROOT_FILE);
  const { OIDC_ISSUER: own, FEDERATION_TOKEN_ISSUER: known } = config;
  const identity = outgoingIdentity({ issuer: known === '' ? own : known, email: ACCOUNT });
  const platform = await openPlatform(config, ambient, identity);
  try {
    const base = await depsOver(platform, { config, ambient });
    const { FEDERATION_PLAINTEXT_LOOPBACK: plaintextLoopback } = config;
    const { idTokenFor } = platform;
    const connect = partnerClients({
      ...{ idTokenFor, extraRoots, plaintextLoopback },
      timers: ambient.timers,
    });
    return { deps: { ...base, connect }, release: platform.close };
  } catch (fault) {
    await platform.close();
    throw fault;
  }
}

async function extraRootsOf(file: string): Promise<string | undefined> {
  if (file === '') return undefined;
  const roots = await readRoots(file);
  if (roots !== undefined) return roots;
  const allowed = 'a PEM file of certificates that this program may read';
  throw new ConfigFault([{ name: 'FEDERATION_EXTRA_ROOT_FILE', kind: 'refused', allowed }]);
}

async function depsOver(
  platform: Platform & OutgoingIdentity,
  options: { readonly config: FederationPullSettings; readonly ambient: Ambient },
): Promise<Omit<AppDeps, 'connect'>> {
  const { store, keyHashSecret } = platform;
  const { config, ambient } = options;
  const { clock, random } = ambient;
  const keys = {
    ...{ clock, windows: whileOpen(rememberedWindows()), hashKey: keyHasher(keyHashSecret) },
    retention: config.KEY_RETENTION_HOURS * HOUR,
    maxKeyAge: config.MAX_KEY_AGE_HOURS * HOUR,
  };
  const standings = {
    listQueries: listQueries(store),
    readStandings: async (ids: readonly string[]) => await readStandings(store, ids),
    now: async () => await store.now(),
  };
  const queries = queryHealth({
    ...standings,
    startedAt: await store.now(),
    lateAfter: config.FEDERATION_LATE_SECONDS * SECOND,
  });
  const parts = jobParts(platform, options, [probeUnless(isClosed(platform), queries)]);
  const waiting = { store, random, log: parts.log, retention: keys.retention };
  return {
    ...parts,
    progress: [queryProgress(standings)],
    findQuery: findQuery(store),
    isClosed: isClosed(platform),
    waits: async (id) => await queryWaits(waiting, id),
    sync: federationSync(store, keys, random),
    deadlineMs: config.FEDERATION_DEADLINE_SECONDS * SECOND,
    callMs: config.FEDERATION_CALL_SECONDS * SECOND,
    maxOnsetMagnitude: config.MAX_ONSET_DISTANCE_DAYS,
  };
}
