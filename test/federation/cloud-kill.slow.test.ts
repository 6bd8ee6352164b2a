import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DocumentStore } from '@keyserver/docstore';
import { aPartner, aQuery } from '@keyserver/federation/testing';
import { startFederationServe } from '@keyserver/federation-serve';
import { openFirestoreStore } from '@keyserver/firestore';
import { serveIssuer } from '@keyserver/launcher';
import { openIssuer } from '@keyserver/local';
import { createLogger } from '@keyserver/log';
import { randomId, systemRandom } from '@keyserver/random';
import type { RunningService } from '@keyserver/service';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { type MetadataStandIn, startMetadataStandIn } from '@keyserver/stand-ins/metadata';
import {
  allCollections,
  federationPositions,
  federationQueries,
  federationSync,
  keyBatchDocument,
  keyBatches,
  partnerDocument,
  partners,
  queryDocument,
  readStandings,
  readSyncs,
} from '@keyserver/stores';
import { SETTINGS, aKeyUntil, batchesIn, keysOf, recordsOf } from '@keyserver/stores/testing';
import { DAY, HOUR, floorTo, systemClock, unixMillis } from '@keyserver/time';
import { machine } from '../support/machine.ts';

// Two processes on Google Cloud by its stand-ins: one serves, the other fetches and is killed again and again.
const AUDIENCE = 'https://serving.example/federation';
const [ACCOUNT, CALLER] = ['federation@serving.example', 'jobs@pulling.example'];
const SERVE = fileURLToPath(import.meta.resolve('@keyserver/federation-serve/main'));
const PULL = fileURLToPath(import.meta.resolve('@keyserver/federation-pull/main'));
/** More than three pages, each of which is stored in two transactions. */
const KEYS = 1700;
const PAGE = 500;
/** Each run is served a page at least, unless what serves was killed. */
const RUNS = 20;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface World {
  readonly firestore: FirestoreStandIn;
  readonly metadata: MetadataStandIn;
  readonly issuers: Readonly<Record<string, string>>;
  readonly callerToken: () => Promise<string>;
  /** Called whenever a page has been served. */
  onServed: () => void;
  served: number;
}

const gcp = ({ firestore }: Pick<World, 'firestore'>, project: string) => ({
  ...{ PLATFORM: 'gcp', GCP_PROJECT: project, KEY_HASH_SECRET: 'ab'.repeat(32), PORT: '0' },
  FIRESTORE_ENDPOINT: firestore.address,
});

async function opened(world: Pick<World, 'firestore'>, project: string): Promise<DocumentStore> {
  const place = { projectId: project, emulatorHost: world.firestore.address };
  const store = await openFirestoreStore({ ...machine, ...place });
  closers.push(async () => {
    await store.close();
  });
  return store;
}

async function openWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'keyserver-cloud-kill-'));
  closers.push(() => {
    rmSync(directory, { recursive: true });
  });
  const documents: Record<string, object> = {};
  const served = await serveIssuer(documents, 0, machine.timers);
  closers.push(served.close);
  const issuer = await openIssuer(served.url, directory, machine);
  Object.assign(documents, issuer.documents);
  const firestore = await startFirestoreStandIn();
  closers.push(firestore.close);
  const metadata = await startMetadataStandIn(
    async (audience) => await issuer.mint({ audience, email: ACCOUNT }),
  );
  closers.push(metadata.close);
  return {
    ...{ firestore, metadata, onServed: () => undefined, served: 0 },
    issuers: { OIDC_ISSUER: issuer.issuer, OIDC_JWKS_URL: issuer.jwksUrl },
    callerToken: async () => await issuer.mint({ audience: 'pull', email: CALLER }),
  };
}

/** Starts what serves, and stores keys. */
async function serveKeysOf(world: World): Promise<RunningService> {
  const log = createLogger({
    ...{ ...machine, service: 'federation-serve', level: 'debug' },
    write: (line) => {
      if (!line.includes('"federation.served"')) return;
      world.served += 1;
      world.onServed();
    },
  });
  const ambient = { ...machine, openLog: () => log, logHealth: () => Promise.resolve() };
  const service = await startFederationServe(servingEnv(world), ambient);
  closers.push(service.close);
  await storeKeysOf(world);
  return service;
}

const servingEnv = (world: World) => {
  const { OIDC_ISSUER: issuer, OIDC_JWKS_URL: keys } = world.issuers;
  return { ...gcp(world, 'serving'), FEDERATION_ISSUERS: `${issuer}=${keys}` };
};

/** Stores the partner, and keys of the window of two hours ago. */
async function storeKeysOf(world: World): Promise<void> {
  const { OIDC_ISSUER: issuer = '' } = world.issuers;
  const store = await opened(world, 'serving');
  const window = unixMillis(floorTo(systemClock.now(), HOUR) - 2 * HOUR);
  const partner = aPartner({ issuer, subject: ACCOUNT, audience: AUDIENCE, maxPageKeys: PAGE });
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(partners, partner.id, partnerDocument(partner));
    for (let at = 0; at < KEYS; at += 100) {
      const numbers = Array.from({ length: 100 }, (_, n) => at + n + 1);
      const batch = {
        ...({ window, kind: 'primary', origin: 'local', sourceId: '', regions: ['US'] } as const),
        ...{ traveler: false, app: 'app', authority: undefined },
        records: recordsOf(...numbers.map((n) => aKeyUntil(n, unixMillis(window - HOUR)))),
      };
      tx.create(
        keyBatches,
        randomId(systemRandom),
        keyBatchDocument(batch, SETTINGS, systemRandom),
      );
    }
  });
}

/** Starts what serves as a process of its own, at a port where one was before unless it is 0, and tells of each page that it has served. */
const serving = async (world: World, port: string): Promise<Process> =>
  await started(SERVE, { ...servingEnv(world), ...outside(world), PORT: port }, (message) => {
    if (message !== 'federation.served') return;
    world.served += 1;
    world.onServed();
  });

/** Starts what fetches, as a process of its own. */
async function pulling(world: World): Promise<Process> {
  const env = {
    ...{ ...gcp(world, 'pulling'), ...world.issuers, ...outside(world) },
    ...{ OIDC_AUDIENCE: 'pull', CALLER_EMAILS: CALLER, FEDERATION_PLAINTEXT_LOOPBACK: 'true' },
  };
  return await started(PULL, env, () => undefined);
}

/** What a process finds outside: its programs, and the stand-in for the metadata of Google Cloud. */
const outside = ({ metadata }: World) => ({
  PATH: process.env['PATH'] ?? '',
  ...{ CLOUDSDK_CONFIG: '/nowhere', METADATA_SERVER_DETECTION: 'assume-present' },
  GCE_METADATA_HOST: metadata.address,
});

interface Process {
  readonly child: ChildProcess;
  readonly url: string;
}

/** Starts a service, and gives its address once it listens. */
async function started(
  path: string,
  env: Readonly<Record<string, string>>,
  onEvent: (message: string) => void,
): Promise<Process> {
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, path], {
    ...{ env, stdio: ['ignore', 'pipe', 'inherit'] },
  });
  closers.push(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  return await new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      const { message, url } = JSON.parse(line) as { message: string; url?: string };
      onEvent(message);
      if (message === 'service.started' && url !== undefined) resolve({ child, url });
    });
    lines.once('close', () => {
      reject(new Error('the service ended before it had started'));
    });
  });
}

/** Has the query run once; the status and body, or that the service died meanwhile. */
async function run(world: World, url: string): Promise<string> {
  const headers = { authorization: `Bearer ${await world.callerToken()}` };
  try {
    const response = await fetch(`${url}/?query-id=neighbour`, { method: 'POST', headers });
    return `${response.status} ${await response.text()}`;
  } catch {
    return 'died';
  }
}

/** As though the minute were over for which a dead run keeps others waiting, by its lease and by what its last transaction had read. */
const forgetDead = async ({ firestore }: World, store: DocumentStore): Promise<void> => {
  firestore.endTransactions();
  const leases = allCollections.find(({ layout }) => layout.name === 'leases');
  if (leases === undefined) throw new Error('there are no leases');
  await store.deleteAll(leases, {});
};

it('fetches each key once though it is killed at each of its pages, and begins where it was', async () => {
  const world = await openWorld();
  const service = await serveKeysOf(world);
  const store = await opened(world, 'pulling');
  const { host } = new URL(service.url);
  const rules = { audience: AUDIENCE, maxPageKeys: PAGE, onlyLocalProvenance: false };
  const query = aQuery({ server: host, ...rules });
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(federationQueries, query.id, queryDocument(query));
  });
  const ends: string[] = [];
  const timestamps: number[] = [];
  // Each life is killed when it has been served one page more than the one before it.
  for (let pages = 1; pages <= 3; pages++) {
    const { child, url } = await pulling(world);
    const until = world.served + pages;
    world.onServed = () => {
      if (world.served === until) child.kill('SIGKILL');
    };
    const [ended] = await Promise.all([run(world, url), once(child, 'close')]);
    ends.push(ended);
    const [standing] = await readStandings(store, [query.id]);
    timestamps.push(standing?.state?.keys.timestamp ?? 0);
    await forgetDead(world, store);
  }
  expect(ends).toEqual(['died', 'died', 'died']);
  expect(timestamps).toEqual(timestamps.toSorted((a, b) => a - b));
  world.onServed = () => undefined;
  const { child, url } = await pulling(world);
  expect(await run(world, url)).toBe('200 {"ok":true}');
  child.kill('SIGTERM');
  const now = systemClock.now();
  const keys = keysOf(await batchesIn(store, unixMillis(now - 3 * DAY), unixMillis(now + DAY)));
  expect(new Set(keys).size).toBe(KEYS);
  expect(keys).toHaveLength(KEYS);
  const runs = await readSyncs(store, query.id, unixMillis(0));
  expect(runs.map(({ outcome }) => outcome)).toEqual(['died', 'died', 'died', 'caught_up']);
  // A record counts whole pages: what a life had stored of the next one is known to the life that stores its end.
  expect(runs.reduce((sum, { inserted, known }) => sum + inserted + known, 0)).toBe(KEYS);
});

it('fetches each key once though what serves is killed at each of its pages, at once or while it answers', async () => {
  const world = await openWorld();
  let { child, url } = await serving(world, '0');
  await storeKeysOf(world);
  const store = await opened(world, 'pulling');
  const { host, port } = new URL(url);
  const puller = await pulling(world);
  const query = aQuery({ server: host, audience: AUDIENCE, onlyLocalProvenance: false });
  /** Pages of another size for each life, and no pause after a failure. */
  const configure = async (maxPageKeys: number): Promise<void> => {
    await store.transact(async (tx) => {
      const [position] = await tx.get(federationPositions, [query.id]);
      tx.set(federationQueries, query.id, queryDocument({ ...query, maxPageKeys }));
      if (position !== undefined)
        tx.set(federationPositions, query.id, { ...position, notBefore: 0 });
    });
  };
  for (let pages = 1; pages <= 3; pages++) {
    const size = 100 + systemRandom.below(150);
    await configure(size);
    const life = child;
    const until = world.served + pages;
    world.onServed = () => {
      if (world.served === until) life.kill('SIGKILL');
    };
    for (let runs = 0; life.signalCode === null && runs < RUNS; runs++) {
      await run(world, puller.url);
      await configure(size);
    }
    expect(life.signalCode).toBe('SIGKILL');
    ({ child, url } = await serving(world, port));
    expect(new URL(url).port).toBe(port);
  }
  world.onServed = () => undefined;
  const last = async (): Promise<string> => {
    await configure(PAGE);
    return await run(world, puller.url);
  };
  expect(await last()).toBe('200 {"ok":true}');
  const now = systemClock.now();
  const keys = keysOf(await batchesIn(store, unixMillis(now - 3 * DAY), unixMillis(now + DAY)));
  expect(new Set(keys).size).toBe(KEYS);
  expect(keys).toHaveLength(KEYS);
});

it('stores a key once when two queries receive it at the same time, and neither fails', async () => {
  const firestore = await startFirestoreStandIn();
  closers.push(firestore.close);
  const store = await opened({ firestore }, 'pulling');
  const settings = { ...SETTINGS, clock: systemClock };
  const ends = unixMillis(floorTo(systemClock.now(), HOUR) - 3 * HOUR);
  const keys = Array.from({ length: 300 }, (_, n) => ({
    ...({ kind: 'primary', key: aKeyUntil(n + 1, ends), regions: ['XA'] } as const),
    ...{ traveler: false, verifiedBy: undefined },
  }));
  const stored = await Promise.all(
    ['east', 'west', 'north'].map(async (queryId) => {
      const sync = federationSync(store, settings, systemRandom);
      const begun = await sync.begin({ id: queryId, server: 'keys.partner.example' });
      if (begun.kind !== 'begun') throw new Error(begun.kind);
      return await sync.store(begun.sync, { keys });
    }),
  );
  const counts = stored.map((one) => (one.kind === 'stored' ? [one.inserted, one.known] : []));
  expect(counts.toSorted(([a = 0], [b = 0]) => b - a)).toEqual([
    ...[
      [300, 0],
      [0, 300],
      [0, 300],
    ],
  ]);
});
