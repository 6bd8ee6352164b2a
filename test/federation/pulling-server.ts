import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyBatch } from '@keyserver/exposure-keys';
import type { FederationQuery } from '@keyserver/federation';
import { aQuery } from '@keyserver/federation/testing';
import { startFederationPull } from '@keyserver/federation-pull';
import { serveIssuer } from '@keyserver/launcher';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { recordingLog } from '@keyserver/log/testing';
import { systemRandom } from '@keyserver/random';
import type { RunningService } from '@keyserver/service';
import { federationQueries, queryDocument, readStandings } from '@keyserver/stores';
import { NOON, batchesIn } from '@keyserver/stores/testing';
import {
  DAY,
  type SimulatedClock,
  simulatedClock,
  systemTimers,
  unixMillis,
} from '@keyserver/time';

const AUDIENCE = 'http://jobs.keyserver.localhost';
const CALLER = 'jobs@keyserver.localhost';

/** A whole federation-pull over a data directory of its own, with one query. */
export interface PullingServer {
  readonly clock: SimulatedClock;
  readonly platform: LocalPlatform;
  readonly events: ReturnType<typeof recordingLog>['events'];
  /** Says what is fetched, and from where. */
  configure(query: Partial<FederationQuery> & { readonly server: string }): Promise<void>;
  /** Starts one run as the scheduler does. */
  pull(id?: string): Promise<{ readonly status: number; readonly body: string }>;
  /** What is stored, whatever its window. */
  stored(): Promise<readonly KeyBatch[]>;
  standing(): Promise<Awaited<ReturnType<typeof readStandings>>[number]>;
  close(): Promise<void>;
}

/** Starts it at the noon of other fixtures. */
export async function pullingServer(): Promise<PullingServer> {
  const directory = mkdtempSync(join(tmpdir(), 'keyserver-pull-'));
  const clock = simulatedClock(NOON);
  const machine = { clock, timers: systemTimers, random: systemRandom };
  const platform = await openLocalPlatform({ ...machine, dataDirectory: directory });
  const { issuer, close: closeIssuer } = await servedIssuer(platform);
  const recorded = recordingLog();
  const service = await startFederationPull(
    {
      ...{ DATA_DIR: directory, PORT: '0', FEDERATION_PLAINTEXT_LOOPBACK: 'true' },
      ...{ OIDC_ISSUER: issuer.issuer, OIDC_JWKS_URL: issuer.jwksUrl, OIDC_AUDIENCE: AUDIENCE },
      CALLER_EMAILS: CALLER,
    },
    { ...machine, openLog: () => recorded.log, logHealth: () => Promise.resolve() },
  );
  const { store } = platform;
  return {
    ...{ clock, platform, events: recorded.events },
    configure: async (query) => {
      const { id, ...rest } = aQuery({ onlyLocalProvenance: false, ...query });
      await store.transact(async (tx) => {
        tx.set(federationQueries, id, queryDocument({ id, ...rest }));
        await Promise.resolve();
      });
    },
    pull: async (id = 'neighbour') =>
      await post(service, id, await issuer.mint({ audience: AUDIENCE, email: CALLER })),
    stored: async () =>
      await batchesIn(store, unixMillis(NOON - 20 * DAY), unixMillis(NOON + 20 * DAY)),
    standing: async () => (await readStandings(store, ['neighbour']))[0],
    close: async () => {
      await service.close();
      await closeIssuer();
      await platform.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** The issuer of a platform, whose keys are served on a free port until it is closed. */
async function servedIssuer({ openIssuer }: LocalPlatform): Promise<{
  readonly issuer: Awaited<ReturnType<LocalPlatform['openIssuer']>>;
  readonly close: () => Promise<void>;
}> {
  const documents: Record<string, object> = {}; // filled once the address that they name is known
  const { url, close } = await serveIssuer(documents, 0, systemTimers);
  const issuer = await openIssuer(url);
  Object.assign(documents, issuer.documents);
  return { issuer, close };
}

async function post(
  { url }: RunningService,
  id: string,
  token: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/?query-id=${id}`, { method: 'POST', headers });
  return { status: response.status, body: await response.text() };
}
