import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExposureKey, KeyBatch } from '@keyserver/exposure-keys';
import type { Partner } from '@keyserver/federation';
import { aPartner } from '@keyserver/federation/testing';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { recordingLog } from '@keyserver/log/testing';
import { randomId, systemRandom } from '@keyserver/random';
import type { RunningService } from '@keyserver/service';
import {
  beginEpoch,
  keyBatchDocument,
  keyBatches,
  keyHasher,
  partnerDocument,
  partners,
} from '@keyserver/stores';
import { NOON, SETTINGS, recordsOf } from '@keyserver/stores/testing';
import {
  HOUR,
  type SimulatedClock,
  simulatedClock,
  systemTimers,
  unixMillis,
} from '@keyserver/time';
import { startFederationServe } from '../start-federation-serve.ts';
import { type FetchClient, fetchClient } from './fetch-client.ts';

/** Keys as they are stored, of the window two hours before noon unless told otherwise. Tests only. */
export interface StoredBatch extends Partial<Omit<KeyBatch, 'id' | 'records'>> {
  readonly keys: readonly ExposureKey[];
}

/** A whole server over a data directory of its own, with an issuer that vouches for partners. Tests only. */
export interface FederationServer {
  readonly clock: SimulatedClock;
  /** Where its data is. */
  readonly directory: string;
  /** Who vouches for its partners. */
  readonly issuer: string;
  /** The setting that says so. */
  readonly issuers: string;
  readonly events: ReturnType<typeof recordingLog>['events'];
  /** Does something with the store while no service runs, or beside one. */
  readonly onPlatform: <T>(work: (platform: LocalPlatform) => Promise<T>) => Promise<T>;
  readonly storeKeys: (...batches: readonly StoredBatch[]) => Promise<void>;
  readonly configure: (change?: Partial<Partner>) => Promise<void>;
  /** Moves the clock, by which the machine is doubted, and lets an operator say that it is right. */
  readonly mendTime: (as: 'accept' | 'reset', ms: number) => Promise<void>;
  /** The Authorization header of a partner. */
  readonly tokenFor: (identity?: { subject?: string; audience?: string }) => Promise<string>;
  readonly start: (env?: Record<string, string>) => Promise<Started>;
  readonly remove: () => void;
}

/** A running service and a client of it. Tests only. */
export interface Started extends FetchClient {
  readonly service: RunningService;
  readonly stop: () => Promise<void>;
}

const AUDIENCE = aPartner().audience;
const SUBJECT = 'partner@neighbour.example';

/** Makes such a server, in which nothing is stored. Tests only. */
export async function federationServer(clock = simulatedClock(NOON)): Promise<FederationServer> {
  const machine = { clock, timers: systemTimers, random: systemRandom };
  const directory = mkdtempSync(join(tmpdir(), 'keyserver-federation-'));
  const recording = recordingLog();
  const onPlatform = async <T>(work: (platform: LocalPlatform) => Promise<T>): Promise<T> => {
    const platform = await openLocalPlatform({ ...machine, dataDirectory: directory });
    try {
      return await work(platform);
    } finally {
      await platform.close();
    }
  };
  const { issuer, server } = await openIssuing(onPlatform);
  const issuers = `${issuer.issuer}=${issuer.jwksUrl}`;
  const ambient = {
    ...machine,
    openLog: () => recording.log,
    logHealth: () => Promise.resolve(),
  };
  return {
    ...{ clock, directory, issuer: issuer.issuer, issuers, events: recording.events, onPlatform },
    storeKeys: async (...batches) => {
      await onPlatform(async ({ store, keyHashSecret }) => {
        const settings = { ...SETTINGS, hashKey: keyHasher(keyHashSecret) };
        await store.transact(async (tx) => {
          for (const batch of batches) {
            const document = keyBatchDocument(batchOf(batch), settings, systemRandom);
            tx.create(keyBatches, randomId(systemRandom), document);
          }
          await Promise.resolve();
        });
      });
    },
    configure: async (change = {}) => {
      const identity = { issuer: issuer.issuer, subject: SUBJECT };
      const partner = aPartner({ ...identity, ...change });
      await onPlatform(async ({ store }) => {
        await store.transact(async (tx) => {
          tx.set(partners, partner.id, partnerDocument(partner));
          await Promise.resolve();
        });
      });
    },
    mendTime: async (as, ms) => {
      clock.jump(ms);
      await onPlatform(async ({ store }) => {
        const { mark } = await store.timeReport();
        await store.mendTime(as, async (tx) => {
          if (as === 'reset') await beginEpoch(tx, mark);
          else await tx.get(partners, ['nobody']);
        });
      });
    },
    tokenFor: async ({ subject = SUBJECT, audience = AUDIENCE } = {}) =>
      `Bearer ${await issuer.mint({ audience, email: subject })}`,
    start: async (env = {}) => {
      const given = { PORT: '0', DATA_DIR: directory, FEDERATION_ISSUERS: issuers, ...env };
      const service = await startFederationServe(given, ambient);
      const client = fetchClient(new URL(service.url).host);
      const stop = async (): Promise<void> => {
        client.close();
        await service.close();
      };
      return { ...client, service, stop };
    },
    remove: () => {
      server.close();
      rmSync(directory, { recursive: true });
    },
  };
}

async function openIssuing(
  onPlatform: FederationServer['onPlatform'],
): Promise<{ issuer: Awaited<ReturnType<LocalPlatform['openIssuer']>>; server: Server }> {
  let documents: Readonly<Record<string, object>> = {};
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const issuer = await onPlatform(
    async ({ openIssuer }) => await openIssuer(`http://127.0.0.1:${port}`),
  );
  ({ documents } = issuer);
  return { issuer, server };
}

const batchOf = ({ keys, ...given }: StoredBatch): Omit<KeyBatch, 'id'> => ({
  ...{ window: unixMillis(NOON - 2 * HOUR), kind: 'primary', origin: 'local', sourceId: '' },
  ...{ regions: ['US'], traveler: false, app: 'app', authority: undefined },
  ...given,
  records: recordsOf(...keys.toSorted((a, b) => Buffer.compare(a.data, b.data))),
});
