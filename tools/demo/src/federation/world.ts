import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { applyConfiguration } from '@keyserver/configuration';
import type { DocumentStore } from '@keyserver/docstore';
import { startFederationPull } from '@keyserver/federation-pull';
import { startFederationServe } from '@keyserver/federation-serve';
import { JOB_ACCOUNT } from '@keyserver/launcher';
import type { Random } from '@keyserver/random';
import type { RunningService } from '@keyserver/service';
import {
  DAY,
  type SimulatedClock,
  type Timers,
  type UnixMillis,
  floorTo,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { JOB_AUDIENCE, newAuthority } from '../configuration.ts';
import {
  type Platform,
  type PlatformName,
  ambientOf,
  callersOf,
  startServers,
} from '../servers.ts';
import type { Simulation } from '../simulation.ts';
import { openPlatform } from '../wiring.ts';
import { type Country, type Neighbour, federatedConfiguration } from './configuration.ts';

/** A whole server that fetches from others and serves them. */
export interface FederatedServer extends Omit<Simulation, 'close'> {
  readonly country: Country;
  readonly store: DocumentStore;
  /** Host and port of what serves keys. */
  readonly address: string;
  /** Runs the query of another server once; the HTTP status and body of the answer. */
  pull(from: Country): Promise<{ readonly status: number; readonly body: string }>;
}

/** Servers on this machine that fetch from one another, in one simulated time. */
export interface FederatedWorld {
  readonly clock: SimulatedClock;
  readonly servers: readonly FederatedServer[];
  close(): Promise<void>;
}

/** The settings of such a world. */
export interface WorldSettings {
  readonly dataDirectory: string;
  readonly start: UnixMillis;
  readonly timers: Timers;
  readonly random: Random;
  readonly minRecords: number;
  readonly mode: 'padded' | 'fresh';
  readonly passesOn?: boolean;
  readonly countries: readonly Country[];
  /** What the server of a country runs on; one machine unless told otherwise. */
  readonly platformOf?: (country: Country) => PlatformName;
  /** From which other servers each one fetches; all from all others unless told otherwise. */
  readonly fetches?: (to: Country, from: Country) => boolean;
}

type Begun = Omit<FederatedServer, 'address' | 'pull' | 'log'> & {
  readonly platform: Platform;
  readonly log: string[];
};
interface Started {
  close(): Promise<void>;
}

/** Starts a server for each country. The issuers come first, as every server must know those of the others. */
export async function openFederatedWorld(settings: WorldSettings): Promise<FederatedWorld> {
  const clock = simulatedClock(settings.start);
  const running: Started[] = [];
  const close = async (): Promise<void> => {
    for (const one of running.splice(0).reverse()) await one.close();
  };
  try {
    const begun: Begun[] = [];
    for (const country of settings.countries)
      begun.push(await begin(country, { settings, clock, running }));
    const servers: FederatedServer[] = [];
    for (const one of begun) servers.push(await connect(one, begun, { settings, clock, running }));
    for (const one of begun) await configure(one, servers, settings);
    return { clock, servers, close };
  } catch (fault) {
    await close();
    throw fault;
  }
}

interface Opening {
  readonly settings: WorldSettings;
  readonly clock: SimulatedClock;
  readonly running: Started[];
}

/** Everything of a server but federation. */
async function begin(country: Country, { settings, clock, running }: Opening): Promise<Begun> {
  const { timers, random, minRecords, platformOf = () => 'local' } = settings;
  const dataDirectory = join(settings.dataDirectory, country.id);
  mkdirSync(dataDirectory, { recursive: true });
  const log: string[] = [];
  const write = (line: string): void => {
    log.push(line);
  };
  const platform = await openPlatform(platformOf(country), {
    dataDirectory,
    clock,
    timers,
    random,
  });
  running.push(platform);
  const context = { clock, timers, random, write };
  const started = await startServers(platform, dataDirectory, context);
  running.push(started);
  const [trusted, untrusted] = [await newAuthority(1), await newAuthority(2)];
  const { bucket, store } = platform;
  const { urls, issuer } = started;
  return {
    ...{ country, platform, urls, issuer, store, bucket, clock, random, minRecords },
    ...{ trusted, untrusted, log },
  };
}

/** Starts what serves keys to the other servers, and what fetches theirs. */
async function connect(
  begun: Begun,
  all: readonly Begun[],
  { settings, clock, running }: Opening,
): Promise<FederatedServer> {
  const { platform, issuer, log } = begun;
  const { timers, random } = settings;
  const others = all.filter(({ country }) => country !== begun.country);
  const kept = (started: RunningService): RunningService => {
    running.push(started);
    return started;
  };
  const write = (line: string): void => {
    log.push(line);
  };
  const context = { clock, timers, random, write };
  const base = { ...platform.env, PORT: '0' };
  const issuers = others.map(({ issuer: { issuer: name, jwksUrl } }) => `${name}=${jwksUrl}`);
  const serve = kept(
    await startFederationServe(
      { ...base, FEDERATION_ISSUERS: issuers.join(',') },
      ambientOf('federation-serve', context),
    ),
  );
  const pulling = kept(
    await startFederationPull(
      { ...base, ...callersOf(issuer), FEDERATION_PLAINTEXT_LOOPBACK: 'true' },
      ambientOf('federation-pull', context),
    ),
  );
  return {
    ...begun,
    address: new URL(serve.url).host,
    pull: async ({ id }) => {
      const token = await issuer.mint({ audience: JOB_AUDIENCE, email: JOB_ACCOUNT });
      const response = await fetch(`${pulling.url}/?query-id=${id}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      });
      return { status: response.status, body: await response.text() };
    },
  };
}

async function configure(
  { country, platform, store, trusted }: Begun,
  servers: readonly FederatedServer[],
  settings: WorldSettings,
): Promise<void> {
  const { minRecords, mode, passesOn = false, random, fetches = () => true } = settings;
  const others = servers.filter((server) => server.country !== country);
  const neighboursOf = (some: readonly FederatedServer[]): readonly Neighbour[] =>
    some.map((server) => ({
      ...{ country: server.country, server: server.address, issuer: server.issuer.issuer },
    }));
  const wanted = federatedConfiguration({
    ...{ country, authority: trusted, minRecords, mode, passesOn },
    partners: neighboursOf(others.filter((server) => fetches(server.country, country))),
    queries: neighboursOf(others.filter((server) => fetches(country, server.country))),
    signingKey: platform.signingKeys['first'] ?? 'first',
    from: unixMillis(floorTo(settings.start, DAY) - DAY),
  });
  const outcome = await applyConfiguration(store, wanted, { actor: 'demo', random });
  if (outcome.kind !== 'applied')
    throw new Error(
      `the configuration of ${country.id} is not applied: ${JSON.stringify(outcome)}`,
    );
}
