import { type Configuration, applyConfiguration } from '@keyserver/configuration';
import {
  COUNTRIES,
  type Country,
  type Neighbour,
  type PlatformName,
  federatedConfiguration,
} from '@keyserver/demo';
import type { Random } from '@keyserver/random';
import { SCHEDULED_JOBS } from '@keyserver/scheduled-jobs';
import { startMetadataStandIn } from '@keyserver/stand-ins/metadata';
import { DAY, HOUR, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { type SimulatedServer, openServer } from './server.ts';

/** The application of tests at each server. */
export const TEST_APP = 'org.example.test';
/** Whom tokens of a server for its partners are made out to. */
export const PARTNER_ACCOUNT = 'federation@keyserver.localhost';

const THREE: readonly Country[] = [
  ...COUNTRIES,
  { id: 'third', region: 'XC', app: 'org.example.third' },
];

/** The least number of keys in a cell, before anybody changes it. */
export const FLOOR = 15;

/** Servers that fetch from one another, each with a clock of its own. */
export interface World {
  readonly servers: readonly SimulatedServer[];
  advance(ms: number): void;
  close(): Promise<void>;
}

interface WorldSettings {
  readonly directory: string;
  readonly platform: PlatformName;
  readonly at: UnixMillis;
  readonly random: Random;
  readonly mode: 'padded' | 'fresh';
  /** How long a file and a unit of a partner take, hours. */
  readonly periodHours: number;
}

/**
 * Opens and configures the servers, and starts all that they consist of: three of one machine each, or two on Google Cloud. There are
 * no more there, as a process has one metadata server, which must know who asks whom.
 */
export async function openWorld(settings: WorldSettings): Promise<World> {
  const servers: SimulatedServer[] = [];
  const cloud = settings.platform === 'local' ? undefined : await openCloudIdentity(servers);
  const close = async (): Promise<void> => {
    for (const server of servers) await server.close();
    await cloud?.close();
  };
  try {
    for (const country of settings.platform === 'local' ? THREE : COUNTRIES)
      servers.push(await openServer(country, settings));
    for (const server of servers) {
      const others = servers.filter((one) => one !== server);
      server.knowIssuers(others);
      await configure(server, () => firstConfiguration(server, others, settings));
      await server.start();
    }
  } catch (fault) {
    await close();
    throw fault;
  }
  const advance = (ms: number): void => {
    for (const { clock, trueClock } of servers)
      for (const one of [clock, trueClock]) one.advance(ms);
  };
  return { servers, advance, close };
}

/** Who a service on Google Cloud is, said by a metadata server: of two servers, the one that is not asked. */
async function openCloudIdentity(
  servers: readonly SimulatedServer[],
): Promise<{ close(): Promise<void> }> {
  const metadata = await startMetadataStandIn(async (audience) => {
    const asking = servers.find(({ country }) => !audience.includes(country.id));
    if (asking === undefined) throw new Error(`nobody asks ${audience}`);
    return await asking.issuer.mint({ audience, email: PARTNER_ACCOUNT });
  });
  const before = process.env;
  process.env = {
    ...before,
    CLOUDSDK_CONFIG: '/nowhere', // no credentials of whoever runs this
    METADATA_SERVER_DETECTION: 'assume-present',
    GCE_METADATA_HOST: metadata.address,
  };
  return {
    close: async () => {
      process.env = before;
      await metadata.close();
    },
  };
}

/** Changes how a server is configured, by what an operator would apply. */
export async function configure(
  server: SimulatedServer,
  change: (before: Configuration | undefined) => Configuration,
): Promise<void> {
  const wanted = change(server.configuration);
  const by = { actor: 'simulation', random: server.random };
  const outcome = await applyConfiguration(server.platform.store, wanted, by);
  if (outcome.kind !== 'applied') throw new Error(`not configured: ${JSON.stringify(outcome)}`);
  server.configuration = wanted;
}

function firstConfiguration(
  { country, authority, platform }: SimulatedServer,
  others: readonly SimulatedServer[],
  { mode, at, periodHours }: WorldSettings,
): Configuration {
  const neighbours = others.map((server): Neighbour => ({
    ...{ country: server.country, server: server.address, issuer: server.issuer.issuer },
  }));
  const from = unixMillis(floorTo(at, DAY) - DAY);
  const period = periodHours * HOUR;
  const wanted = federatedConfiguration({
    ...{ country, authority, mode, minRecords: FLOOR, partners: neighbours, queries: neighbours },
    ...{ signingKey: platform.signingKeys['first'] ?? '', from },
  });
  return {
    ...wanted,
    exports: wanted.exports.map((one) => ({ ...one, period })),
    partners: (wanted.partners ?? []).map((one) => ({ ...one, unit: period })),
    signingKeys: ['first', 'second'].map((id) => ({
      ...{ id, signingKey: platform.signingKeys[id] ?? '', keyId: '999', keyVersion: id },
      ...{ from, thru: undefined },
    })),
  };
}

/** A job of a server, by its service and route. */
interface Job {
  readonly part: 'trust' | 'export' | 'cleanup' | 'federation-pull';
  readonly route: string;
}

const HOURLY = ['trust', 'cleanup', 'export'] as const;

/** All jobs that a scheduler starts in an hour, each once; where they are due more often, time stands still between two of them. */
export const jobsOf = (
  server: SimulatedServer,
  all: readonly SimulatedServer[],
): readonly Job[] => [
  ...HOURLY.flatMap((part) => SCHEDULED_JOBS[part].map(({ route }) => ({ part, route }))),
  ...all
    .filter((one) => one !== server)
    .map(({ country }) => ({
      part: 'federation-pull' as const,
      route: `/?query-id=${country.id}`,
    })),
];
