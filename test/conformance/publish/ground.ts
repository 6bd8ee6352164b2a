import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKms } from '@keyserver/cloud-kms';
import type { Environment } from '@keyserver/config';
import type { DocumentStore } from '@keyserver/docstore';
import { type ExposureKey, type KeyBatch, findRecord, packRecords } from '@keyserver/exposure-keys';
import { openFirestoreStore } from '@keyserver/firestore';
import type { AuthorizedApp, HealthAuthority } from '@keyserver/health-authority';
import { openLocalPlatform } from '@keyserver/local';
import { type ProcessLog, createLogger } from '@keyserver/log';
import { startPublish } from '@keyserver/publish';
import { makeDataKey } from '@keyserver/publish/testing';
import type { KeyWrapper } from '@keyserver/revision-token';
import type { Ambient } from '@keyserver/service';
import { startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { startKmsStandIn } from '@keyserver/stand-ins/kms';
import {
  appDocument,
  appDocumentId,
  authorityDocument,
  authorizedApps,
  foldTotals,
  healthAuthorities,
  keyBatchDocument,
  keyBatches,
  keyHasher,
  storedWindows,
} from '@keyserver/stores';
import {
  DAY,
  HOUR,
  type SimulatedClock,
  type UnixMillis,
  floorTo,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { impatient, machine } from '../../support/machine.ts';

/** The platforms that the rows are tested on. */
export type PlatformName = 'one machine' | 'Google Cloud';

/** What a phone sees of an answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One record of a key in the store, and the document around it. */
export interface Stored extends Omit<KeyBatch, 'id' | 'records' | 'window' | 'authority'> {
  readonly window: number;
  /** The number of the authority. */
  readonly authority?: number | undefined;
  readonly key: ExposureKey;
}

/** A publish service, started as its process starts it, under some settings. */
export interface Service {
  readonly url: string;
  /** Sends a request; a POST of JSON to `/v1/publish` unless told. */
  send(body: RequestInit['body'], init?: RequestInit, path?: string): Promise<Answer>;
  /** The fields of the last event that the service has logged. */
  lastEvent(): Readonly<Record<string, unknown>>;
}

/** A platform with the configuration of the suite, and publish services over it. */
export interface Ground {
  readonly clock: SimulatedClock;
  /** The service under these settings; started when it is first asked for. */
  service(settings?: Environment): Promise<Service>;
  configure(of: {
    readonly apps?: readonly AuthorizedApp[];
    readonly authorities?: readonly HealthAuthority[];
  }): Promise<void>;
  /** What is stored of a key: its first record before its revisions. */
  stored(base64: string): Promise<readonly Stored[]>;
  /** Stores a key that no phone has published here. */
  store(key: ExposureKey, of: Pick<KeyBatch, 'app' | 'regions' | 'origin'>): Promise<void>;
  /** Makes another data key of revision tokens, once the newest is a week old. */
  renewDataKey(): Promise<void>;
  /** What the documents of each collection hold, as text to search in; only on Google Cloud. */
  contents(): ReadonlyMap<string, string>;
  /** Folds counts of uploads, as the cleanup service does. */
  fold(): Promise<void>;
  close(): Promise<void>;
}

/** The publish service looks everything up anew for each request, so that rows can change the configuration. */
const SETTINGS = { PORT: '0', CONFIG_CACHE_SECONDS: '0' };

/** Opens a platform whose clock stands still at `start`. */
export async function openGround(name: PlatformName, start: UnixMillis): Promise<Ground> {
  const clock = simulatedClock(start);
  const platform = await (name === 'one machine' ? openMachine(clock) : openCloud(clock));
  const { store } = platform;
  await makeDataKey(store, platform.wrapper);
  const services = new Map<string, Promise<Service & { close(): Promise<void> }>>();
  const hashKey = keyHasher(platform.keyHashSecret);
  return {
    clock,
    service: async (settings = {}) => {
      const id = JSON.stringify(settings);
      const env = { ...SETTINGS, ...platform.env, ...settings };
      const running = services.get(id) ?? startService(env, clock);
      services.set(id, running);
      return await running;
    },
    configure: async ({ apps = [], authorities = [] }) => {
      await store.transact((tx) => {
        for (const app of apps) tx.set(authorizedApps, appDocumentId(app.id), appDocument(app));
        for (const one of authorities)
          tx.set(healthAuthorities, String(one.id), authorityDocument(one));
        return Promise.resolve();
      });
    },
    stored: async (base64) => {
      const data = Buffer.from(base64, 'base64');
      const containsAny = { field: 'keyHashes', values: [hashKey(data)] } as const;
      const found = await store.transact(async (tx) => await tx.find(keyBatches, { containsAny }));
      return found
        .flatMap(({ value }) => {
          const key = findRecord(value.records, data);
          return key === undefined ? [] : [{ ...value, key }];
        })
        .toSorted((a, b) => (a.kind < b.kind ? -1 : 1));
    },
    renewDataKey: async () => {
      await makeDataKey(store, platform.wrapper);
    },
    contents: platform.contents,
    fold: async () => {
      const { signal } = new AbortController();
      const noteLate = (): void => undefined;
      await foldTotals(store, { windows: storedWindows, retention: 14 * DAY, signal, noteLate });
    },
    store: async (key, of) => {
      const window = unixMillis(floorTo(clock.now(), HOUR));
      const batch = {
        ...{ ...of, window, kind: 'primary' as const, sourceId: '', traveler: false },
        records: packRecords([key]),
      };
      const settings = { retention: 14 * DAY, maxKeyAge: 15 * DAY, hashKey };
      const document = keyBatchDocument(batch, settings, machine.random);
      await store.transact((tx) => {
        tx.create(keyBatches, randomUUID(), document);
        return Promise.resolve();
      });
    },
    close: async () => {
      for (const service of services.values()) await (await service).close();
      await platform.close();
    },
  };
}

interface Platform {
  readonly env: Environment;
  readonly store: DocumentStore;
  readonly wrapper: KeyWrapper;
  readonly keyHashSecret: Uint8Array;
  contents(): ReadonlyMap<string, string>;
  close(): Promise<void>;
}

async function openMachine(clock: SimulatedClock): Promise<Platform> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'conformance-'));
  const platform = await openLocalPlatform({ ...machine, dataDirectory, clock });
  return {
    env: { DATA_DIR: dataDirectory },
    store: platform.store,
    wrapper: platform.wrapperFor('revision-token'),
    keyHashSecret: platform.keyHashSecret,
    contents: () => {
      throw new Error('test/privacy/logs.test.ts searches the tables of SQLite');
    },
    close: async () => {
      await platform.close();
      rmSync(dataDirectory, { recursive: true });
    },
  };
}

const PROJECT = 'conformance';
const TOKEN_KEY = `projects/${PROJECT}/locations/eu/keyRings/tokens/cryptoKeys/revision`;
const SECRET = Buffer.alloc(32, 0xab);

/** Google Cloud as the real clients see it. */
async function openCloud(clock: SimulatedClock): Promise<Platform> {
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  const firestore = await startFirestoreStandIn({ now: clock.now });
  const kms = await startKmsStandIn();
  kms.createWrappingKey(TOKEN_KEY);
  const base = { ...machine, clock, random: impatient, projectId: PROJECT };
  const store = await openFirestoreStore({ ...base, emulatorHost: firestore.address });
  const keys = await openKms({ endpoint: kms.address, ...machine });
  return {
    env: {
      ...{ PLATFORM: 'gcp', GCP_PROJECT: PROJECT, KEY_HASH_SECRET: SECRET.toString('hex') },
      ...{ FIRESTORE_ENDPOINT: firestore.address, KMS_ENDPOINT: kms.address },
      REVISION_TOKEN_KEY: TOKEN_KEY,
    },
    store,
    wrapper: keys.wrapperFor(TOKEN_KEY),
    keyHashSecret: SECRET,
    contents: firestore.contents,
    close: async () => {
      await Promise.all([store.close(), keys.close()]);
      await Promise.all([firestore.close(), kms.close()]);
    },
  };
}

async function startService(
  env: Environment,
  clock: SimulatedClock,
): Promise<Service & { close(): Promise<void> }> {
  const lines: string[] = [];
  const logs: ProcessLog[] = [];
  const openLog: Ambient['openLog'] = (level) => {
    const log = createLogger({
      ...{ timers: machine.timers, service: 'publish', clock, level },
      write: (line) => lines.push(line),
    });
    logs.push(log);
    return log;
  };
  const { url, close } = await startPublish(env, {
    ...{ ...machine, clock, openLog, logHealth: () => Promise.resolve() },
  });
  return {
    url,
    close,
    send: async (body, init = {}, path = '/v1/publish') => {
      for (const log of logs) log.flush(); // or the log would only count what is refused often
      const headers = { 'content-type': 'application/json' };
      const content = body === undefined ? {} : { body };
      return await answerOf(
        await fetch(`${url}${path}`, { method: 'POST', headers, ...content, ...init }),
      );
    },
    lastEvent: () => JSON.parse(lines.at(-1) ?? '{}') as Readonly<Record<string, unknown>>,
  };
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const body = isJson && text !== '' ? (JSON.parse(text) as Answer['body']) : {};
  return { status: response.status, headers: response.headers, text, body };
}
