import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startCleanup } from '@keyserver/cleanup';
import {
  type Authority,
  type Country,
  JOB_AUDIENCE,
  type Platform,
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
import type { RunningService, StartService } from '@keyserver/service';
import {
  type SimulatedClock,
  type UnixMillis,
  simulatedClock,
  systemTimers,
} from '@keyserver/time';
import { startTrust } from '@keyserver/trust';
import { freePorts } from '../support/free-ports.ts';

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
export const PARTS = Object.keys(START) as readonly Part[];

/** A whole key server of a country, on a simulated machine of its own. Each of its services stops and starts at any time. */
export interface SimulatedServer {
  readonly country: Country;
  /** That of its machine, which may go wrong. */
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
  /** Where a service answers; undefined while it is stopped. */
  urlOf(part: Part): string | undefined;
  /** Starts what is stopped, all of it unless told otherwise. */
  start(parts?: readonly Part[]): Promise<void>;
  stop(parts?: readonly Part[]): Promise<void>;
  /** Starts a job as the scheduler does; undefined when its service is stopped. */
  runJob(part: Part, route: string): Promise<JobAnswer | undefined>;
  /** Tells federation-serve, from its next start, who vouches for the other servers. */
  knowIssuers(others: readonly SimulatedServer[]): void;
  /** Stops everything, the machine too. */
  close(): Promise<void>;
}

/** What a job answered. */
export interface JobAnswer {
  readonly status: number;
  readonly body: string;
}

/** Opens the machine of a server: its directory, its clock, and who vouches for its jobs. No service runs yet. */
export async function openServer(
  country: Country,
  { directory, at, random }: ServerSettings,
): Promise<SimulatedServer> {
  const dataDirectory = join(directory, country.id);
  mkdirSync(dataDirectory, { recursive: true });
  const [clock, trueClock] = [simulatedClock(at), simulatedClock(at)];
  const machine = { clock, timers: systemTimers, random };
  const platform = await openPlatform('local', { ...machine, dataDirectory });
  const documents: Record<string, object> = {}; // filled once the address that they name is known
  const served = await serveIssuer(documents, 0, systemTimers);
  const issuer = await platform.openIssuer(served.url);
  Object.assign(documents, issuer.documents);
  const [port = 0] = await freePorts(1);
  const log: string[] = [];
  const running = new Map<Part, RunningService>();
  let partners = '';

  const stop = async (parts: readonly Part[] = PARTS): Promise<void> => {
    for (const part of parts) {
      const service = running.get(part);
      running.delete(part);
      await service?.close();
    }
  };
  return {
    ...{ country, clock, trueClock, random, platform, issuer, log, stop },
    authority: await newAuthority(1),
    address: `127.0.0.1:${port}`,
    urlOf: (part) => running.get(part)?.url,
    start: async (parts = PARTS) => {
      const context = { ...machine, write: (line: string) => void log.push(line) };
      for (const part of parts) {
        if (running.has(part)) continue;
        const env = {
          ...platform.env,
          ...callersOf(issuer),
          ...{ DATA_DIR: dataDirectory, FEDERATION_PLAINTEXT_LOOPBACK: 'true' },
          ...{ FEDERATION_ISSUERS: partners },
          PORT: part === 'federation-serve' ? String(port) : '0',
        };
        running.set(part, await START[part](env, ambientOf(part, context)));
      }
    },
    runJob: async (part, route) => {
      const url = running.get(part)?.url;
      if (url === undefined) return undefined;
      const token = await issuer.mint({ audience: JOB_AUDIENCE, email: JOB_ACCOUNT });
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(new URL(route, url), { method: 'POST', headers });
      return { status: response.status, body: await response.text() };
    },
    knowIssuers: (others) => {
      partners = others.map(({ issuer: { issuer: name, jwksUrl } }) => `${name}=${jwksUrl}`).join();
    },
    close: async () => {
      await stop();
      await served.close();
      await platform.close();
    },
  };
}

interface ServerSettings {
  readonly directory: string;
  readonly at: UnixMillis;
  readonly random: Random;
}
