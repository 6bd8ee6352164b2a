import { applyConfiguration } from '@keyserver/configuration';
import { COUNTRIES, type Country, type Neighbour, federatedConfiguration } from '@keyserver/demo';
import type { Random } from '@keyserver/random';
import { SCHEDULED_JOBS } from '@keyserver/scheduled-jobs';
import { DAY, HOUR, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { type SimulatedServer, openServer } from './server.ts';

/** The application of tests at each server. */
export const TEST_APP = 'org.example.test';

const THREE: readonly Country[] = [
  ...COUNTRIES,
  { id: 'third', region: 'XC', app: 'org.example.third' },
];

/** Files of four hours, as phones are advised to take. */
export const PERIOD = 4 * HOUR;
const FLOOR = 15;

/** Three servers that fetch from one another, each with a clock of its own. */
export interface World {
  readonly servers: readonly SimulatedServer[];
  advance(ms: number): void;
  close(): Promise<void>;
}

/** Opens and configures three servers, and starts all that they consist of. */
export async function openWorld(settings: {
  readonly directory: string;
  readonly at: UnixMillis;
  readonly random: Random;
  readonly mode: 'padded' | 'fresh';
}): Promise<World> {
  const servers: SimulatedServer[] = [];
  const close = async (): Promise<void> => {
    for (const server of servers) await server.close();
  };
  try {
    for (const country of THREE) servers.push(await openServer(country, settings));
    for (const server of servers) {
      const others = servers.filter((one) => one !== server);
      server.knowIssuers(others);
      await configure(server, others, settings);
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

async function configure(
  { country, authority, platform, random }: SimulatedServer,
  others: readonly SimulatedServer[],
  { mode, at }: { readonly mode: 'padded' | 'fresh'; readonly at: UnixMillis },
): Promise<void> {
  const neighbours = others.map((server): Neighbour => ({
    ...{ country: server.country, server: server.address, issuer: server.issuer.issuer },
  }));
  const wanted = federatedConfiguration({
    ...{ country, authority, mode, minRecords: FLOOR, partners: neighbours, queries: neighbours },
    signingKey: platform.signingKeys['first'] ?? '',
    from: unixMillis(floorTo(at, DAY) - DAY),
  });
  const exports = wanted.exports.map((one) => ({ ...one, period: PERIOD }));
  const partners = (wanted.partners ?? []).map((one) => ({ ...one, unit: PERIOD }));
  const by = { actor: 'simulation', random };
  const outcome = await applyConfiguration(platform.store, { ...wanted, exports, partners }, by);
  if (outcome.kind !== 'applied') throw new Error(`not configured: ${JSON.stringify(outcome)}`);
}

/** A job of a server, by its service and route. */
export interface Job {
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
