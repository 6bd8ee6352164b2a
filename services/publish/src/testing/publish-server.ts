import type { DocumentStore } from '@keyserver/docstore';
import { DEFAULT_KEY_RULES, type ExposureKey, unpackRecords } from '@keyserver/exposure-keys';
import {
  DEFAULT_STATS_AUDIENCE,
  certificateVerifier,
  statsTokenVerifier,
} from '@keyserver/health-authority';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { type RecordingLog, recordingLog } from '@keyserver/log/testing';
import { systemRandom } from '@keyserver/random';
import { type Timeouts, listen } from '@keyserver/service';
import {
  appDocument,
  appDocumentId,
  authorityDocument,
  authorizedApps,
  findApp,
  findAuthority,
  healthAuthorities,
  keyBatches,
  storeUploads,
  totalDeltas,
  keyHasher,
  readTotals,
  skippedCountsId,
} from '@keyserver/stores';
import {
  DAY,
  HOUR,
  type SimulatedClock,
  simulatedClock,
  alwaysWindow,
  windowLength,
  systemTimers,
} from '@keyserver/time';
import { answerTimes } from '../answer-times.ts';
import { type AppDeps, createApp } from '../app.ts';
import { reserveFreely } from '../daily-ceiling.ts';
import type { PublishRequest } from '../publish-keys.ts';
import { noPauses } from './no-pauses.ts';
import { someTokens } from './tokens.ts';
import { NOW, app, authority, bypassApp, oddlyNamedApp, wireBody } from './uploads.ts';

/** A publish service that listens on this machine, over a store in memory. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly clock: SimulatedClock;
  readonly store: DocumentStore;
  readonly log: RecordingLog;
  post(upload: PublishRequest): Promise<Answer>;
  /** Sends a body as JSON, or whatever the headers say it is; to `/v1/publish` unless a path is named. */
  send(body: string | Uint8Array, init?: RequestInit, path?: string): Promise<Answer>;
  stored(): Promise<readonly ExposureKey[]>;
}

/** What a phone sees of an answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const open: (() => Promise<void>)[] = [];

/** One store for all tests of a file, because opening one takes far longer than emptying it. */
let shared: ReturnType<typeof openConfiguredStore> | undefined;

/** Starts a server that knows the authority and the applications of `uploads.ts`. */
export async function aPublishServer(
  overrides: Partial<AppDeps> = {},
  timeouts: Partial<Timeouts> = {},
): Promise<TestServer> {
  const { store, clock } = await (shared ??= openConfiguredStore());
  const log = recordingLog();
  const deps = { ...depsOver(store, clock), log: log.log, ...overrides };
  const server = await listen(createApp(deps), { port: 0, timers: systemTimers, timeouts });
  open.push(server.close);
  const send: TestServer['send'] = async (body, init = {}, path = '/v1/publish') =>
    await answerOf(
      await fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        ...init,
      }),
    );
  return {
    url: server.url,
    port: server.port,
    clock,
    store,
    log,
    send,
    post: async (upload) => await send(JSON.stringify(wireBody(upload))),
    stored: async () => await storedKeys(store),
  };
}

/** Ends all servers of a test and forgets what was published; for afterEach. */
export async function closePublishServers(): Promise<void> {
  for (const close of open.splice(0)) await close();
  const { store } = (await shared) ?? {};
  await store?.deleteAll(keyBatches, {});
  await store?.deleteAll(totalDeltas, {});
}

/** Closes the store that the tests of a file share; for afterAll. */
export async function closePublishStore(): Promise<void> {
  shared = undefined;
  await closeTestStores();
}

async function openConfiguredStore(): Promise<{ store: DocumentStore; clock: SimulatedClock }> {
  const clock = simulatedClock(NOW);
  const store = await openTestStore({ clock });
  await configure(store);
  return { store, clock };
}

async function configure(store: DocumentStore): Promise<void> {
  await store.transact((tx) => {
    tx.set(healthAuthorities, String(authority.id), authorityDocument(authority));
    const withoutRegions = { ...app, id: 'no.regions', regions: [] };
    for (const one of [app, bypassApp, oddlyNamedApp, withoutRegions])
      tx.set(authorizedApps, appDocumentId(one.id), appDocument(one));
    return Promise.resolve();
  });
}

const RETENTION = { retention: 14 * DAY };

function depsOver(store: DocumentStore, clock: SimulatedClock): Omit<AppDeps, 'log'> {
  const settings = {
    ...RETENTION,
    hashKey: keyHasher(new Uint8Array(32)),
    skippedCountsId: skippedCountsId(new Uint8Array(32)),
    partialRevisions: false,
    clock,
    windows: () => alwaysWindow(windowLength(HOUR)!),
    maxKeyAge: DEFAULT_KEY_RULES.maxAge,
  };
  return {
    clock,
    timers: systemTimers,
    waitOut: () => undefined,
    random: systemRandom,
    findApp: findApp(store),
    verifyCertificate: certificateVerifier(findAuthority(store)),
    storeUpload: storeUploads(store, settings, systemRandom),
    rules: DEFAULT_KEY_RULES,
    reserveKeys: reserveFreely,
    confirmTime: () => Promise.resolve(),
    defaultRegions: [],
    pauses: noPauses,
    closed: async () => await Promise.resolve('no'),
    tokens: someTokens(),
    v1alpha1: false,
    maintenance: false,
    uploadsAtOnce: 200,
    padding: { min: 1024, range: 1024 },
    stats: {
      verifyToken: statsTokenVerifier(findAuthority(store), DEFAULT_STATS_AUDIENCE),
      readTotals: readTotals(store, RETENTION),
      rules: { kind: 'on', minUploads: 10, embargo: 2 * DAY, ...RETENTION },
      padding: { min: 2048, range: 1024 },
    },
    times: answerTimes({ timers: systemTimers, random: systemRandom }),
    countCover: () => undefined,
    health: async () => {
      await store.now();
    },
  };
}

async function storedKeys(store: DocumentStore): Promise<readonly ExposureKey[]> {
  const keys: ExposureKey[] = [];
  // One query: who reads windows asks every shard.
  for await (const page of store.pages(keyBatches, {}))
    keys.push(...page.flatMap(({ value }) => unpackRecords(value.records)));
  return keys;
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const body = text === '' ? {} : (JSON.parse(text) as Answer['body']);
  return { status: response.status, headers: response.headers, text, body };
}
