import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startCleanup } from '@keyserver/cleanup';
import type { Configuration } from '@keyserver/configuration';
import {
  type Authority,
  type Country,
  JOB_AUDIENCE,
  type Platform,
  type PlatformName,
  ambientOf,
  callersOf,
  newAuthority,
  openPlatform,
} from '@keyserver/demo';
import { startExport } from '@keyserver/export';
import { startFederationPull } from '@keyserver/federation-pull';
import { startFederationServe } from '@keyserver/federation-serve';
import {
  JOB_ACCOUNT,
  type JobIssuer,
  findObjects,
  serveIssuer,
  startCdn,
} from '@keyserver/launcher';
import { startPublish } from '@keyserver/publish';
import type { Random } from '@keyserver/random';
import type { StartService } from '@keyserver/service';
import {
  type SimulatedClock,
  type UnixMillis,
  simulatedClock,
  systemTimers,
} from '@keyserver/time';
import { startTrust } from '@keyserver/trust';
import { freePorts } from '../support/free-ports.ts';
import { makeMortal } from './mortal-stores.ts';
import { RunningParts } from './running-parts.ts';

const START = {
  trust: startTrust,
  publish: startPublish,
  export: startExport,
  cleanup: startCleanup,
  cdn: startCdn(findObjects),
  'federation-serve': startFederationServe,
  'federation-pull': startFederationPull,
} satisfies Readonly<Record<string, StartService>>;

/** A service of a simulated server. */
export type Part = keyof typeof START;
const PARTS = Object.keys(START) as readonly Part[];

/** A whole key server of a country, on a machine or a cloud of its own. Each of its services stops and starts at any time. */
export interface SimulatedServer {
  readonly country: Country;
  /** That of what its services run on, which may go wrong. */
  readonly clock: SimulatedClock;
  /** That of everybody else. */
  readonly trueClock: SimulatedClock;
  readonly random: Random;
  readonly platform: Platform;
  readonly issuer: JobIssuer;
  readonly authority: Authority;
  /** Host and port of what serves keys to partners; the same after each start. */
  readonly address: string;
  /** Every line that its services have logged. */
  readonly log: readonly string[];
  /** All its services; without the one of files where the cloud serves them. */
  readonly parts: readonly Part[];
  /** As it is configured last. */
  configuration: Configuration | undefined;
  /** Where a service answers; undefined while it is stopped or dead. */
  urlOf(part: Part): string | undefined;
  /** Starts what is stopped, all of it unless told otherwise. */
  start(parts?: readonly Part[]): Promise<void>;
  stop(parts?: readonly Part[]): Promise<void>;
  /** Lets a service die after so many uses of its store. */
  kill(part: Part, uses: number): void;
  /** Starts anew what has died, and lets live what has not; tells how many had died. */
  raise(): Promise<number>;
  /** Sends a request to a service as `fetch` does; undefined when it is stopped, or died before it had answered. */
  ask(part: Part, path: string, init?: RequestInit): Promise<Answer | undefined>;
  /** Starts a job as the scheduler does. */
  runJob(part: Part, route: string): Promise<Answer | undefined>;
  /** Tells federation-serve, from its next start, who vouches for the other servers. */
  knowIssuers(others: readonly SimulatedServer[]): void;
  /** Stops everything, the machine too. */
  close(): Promise<void>;
}

/** What a service answered. */
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

interface ServerSettings {
  readonly directory: string;
  readonly platform: PlatformName;
  readonly at: UnixMillis;
  readonly random: Random;
}

/** What a service is told beside where it runs: partners know the port of one, which must stay the same. */
const variablesOf = (
  part: Part,
  { port, partners }: { readonly port: number; readonly partners: string },
): Readonly<Record<string, string>> => ({
  ...{ FEDERATION_PLAINTEXT_LOOPBACK: 'true', FEDERATION_ISSUERS: partners },
  NEW_DATA_KEY_HOURS: '72', // several data keys of revision tokens in one simulation
  PORT: part === 'federation-serve' ? String(port) : '0',
});

/** Opens the machine of a server: its directory, its clock, and who vouches for its jobs. No service runs yet. */
export async function openServer(
  country: Country,
  { directory, platform: name, at, random }: ServerSettings,
): Promise<SimulatedServer> {
  const dataDirectory = join(directory, country.id);
  mkdirSync(dataDirectory, { recursive: true });
  const [clock, trueClock] = [simulatedClock(at), simulatedClock(at)];
  const machine = { clock, timers: systemTimers, random };
  // On one machine everything goes by its clock. The clouds' own clocks are right, whatever a service thinks.
  const platform = await openPlatform(name, {
    ...{ ...machine, dataDirectory },
    clock: name === 'local' ? clock : trueClock,
  });
  makeMortal(platform.store);
  const documents: Record<string, object> = {}; // filled once the address that they name is known
  const served = await serveIssuer(documents, 0, systemTimers);
  const issuer = await platform.openIssuer(served.url);
  Object.assign(documents, issuer.documents);
  const [port = 0] = await freePorts(1);
  const log: string[] = [];
  let partners = '';
  const context = { ...machine, write: (line: string) => void log.push(line) };
  const running = new RunningParts<Part>(async (part) => {
    const own = variablesOf(part, { port, partners });
    const env = { ...platform.env, ...callersOf(issuer), DATA_DIR: dataDirectory, ...own };
    return await START[part](env, ambientOf(part, context));
  });
  const parts = PARTS.filter((part) => part !== 'cdn' || platform.cdn === undefined);
  const ask: SimulatedServer['ask'] = async (part, path, init) => {
    const url = running.urlOf(part);
    if (url === undefined) return undefined;
    const response = await fetch(new URL(path, url), init);
    const body = await response.text();
    return running.isDead(part)
      ? undefined
      : { status: response.status, headers: response.headers, body };
  };
  return {
    ...{ country, clock, trueClock, random, platform, issuer, log, parts, ask },
    configuration: undefined,
    authority: await newAuthority(1),
    address: `127.0.0.1:${port}`,
    urlOf: (part) => (part === 'cdn' ? platform.cdn : undefined) ?? running.urlOf(part),
    start: async (some = parts) => {
      await running.start(some);
    },
    stop: async (some = parts) => {
      await running.stop(some);
    },
    kill: (part, uses) => {
      running.kill(part, uses);
    },
    raise: async () => await running.raise(),
    runJob: async (part, route) => {
      const token = await issuer.mint({ audience: JOB_AUDIENCE, email: JOB_ACCOUNT });
      return await ask(part, route, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      });
    },
    knowIssuers: (others) => {
      partners = others.map(({ issuer: { issuer: name, jwksUrl } }) => `${name}=${jwksUrl}`).join();
    },
    close: async () => {
      await running.stop(parts);
      await served.close();
      await platform.close();
    },
  };
}
