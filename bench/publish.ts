import { makeDataKey } from '@keyserver/publish/testing';
import { fork } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { applyConfiguration } from '@keyserver/configuration';
import { systemRandom } from '@keyserver/random';
import { keyBatches, openStoreFormat } from '@keyserver/stores';
import {
  DAY,
  HOUR,
  INTERVALS_PER_DAY,
  intervalAt,
  systemClock,
  systemTimers,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import { view } from '@keyserver/docstore';
import { type Figures, type Measure, fsyncPerSecond, verifyMicros } from './figures.ts';
import { type NumberedKeys, numberedKeys } from './numbered-keys.ts';
import { type Memory, memoryOf, processorTime } from './process-figures.ts';
import type { ClientFigures, ClientOrder, ClientReport } from './publish-client.ts';
import { type PublishProcess, startPublishProcess } from './publish-process.ts';
import { type Certifier, writeUploads } from './upload-file.ts';
import { KEYS_PER_UPLOAD, concurrently, keyStoreSettings, storeOneUpload } from './uploads.ts';

const CONNECTIONS = 64;
const WARM = 4000;
/** More than this server answers in a second. */
const MOST_PER_SECOND = 3000;
/** Uploads that are under way or follow while the services are killed. */
const RESERVE = 4000;
const FILLERS = 256;

/**
 * Uploads over HTTP: publish services on one machine, compiled as an image has them, over one store with keys in it; a client in
 * a process of its own. At the end the services are killed, and every acknowledged upload is looked for in the store.
 */
export const measurePublish: Measure = async (options) => {
  const { keys = 1_000_000, seconds = 20, processes = 1, say } = options;
  const directory = mkdtempSync(join(tmpdir(), 'keyserver-publish-'));
  try {
    const authority = newAuthority();
    const bench = { directory, dataDirectory: join(directory, 'data'), say };
    say(`storing ${keys} keys`);
    const fillSeconds = await fill(bench.dataDirectory, authority, keys);
    const uploads = prepareUploads(bench, authority, WARM + seconds * MOST_PER_SECOND + RESERVE);
    const bound = boundOf(directory);
    const run = { ...bench, ...uploads, seconds, processes, profile: options.profile };
    const measured = await measureUploads(run);
    say('looking for every acknowledged upload in the store');
    const kept = await compareStore(run);
    return { keysStored: keys, fillSeconds, processes, ...measured, ...kept, ...bound };
  } finally {
    rmSync(directory, { recursive: true });
  }
};

interface Bench {
  readonly directory: string;
  readonly dataDirectory: string;
  readonly say: (line: string) => void;
}

interface PreparedUploads {
  readonly numbers: NumberedKeys;
  readonly requests: ClientOrder['requests'];
  readonly acknowledgedFile: string;
}

interface Run extends Bench, PreparedUploads {
  readonly seconds: number;
  readonly processes: number;
  readonly profile: string | undefined;
}

function prepareUploads(bench: Bench, certifier: Certifier, count: number): PreparedUploads {
  bench.say(`certifying ${count} uploads`);
  const numbers = numberedKeys(count);
  const file = join(bench.directory, 'requests');
  const bytes = writeUploads(file, { keys: numbers, count, certifier });
  const acknowledgedFile = join(bench.directory, 'acknowledged');
  return { numbers, requests: { file, bytes, count }, acknowledgedFile };
}

/** What no server of this kind exceeds here: each upload has a signature to be verified, and each connection waits for a sync. */
function boundOf(directory: string): Figures {
  const [verify, fsync] = [verifyMicros(), fsyncPerSecond(directory)];
  const boundUploadsPerSecond = Math.round(
    Math.min((availableParallelism() * 1_000_000) / verify, CONNECTIONS * fsync),
  );
  return { verifyMicros: verify, fsyncPerSecond: fsync, boundUploadsPerSecond };
}

export type Authority = Certifier & { readonly publicKey: string };

export function newAuthority(): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return {
    ...{ app: 'org.example.app', issuer: 'https://authority.example', kid: 'v1' },
    ...{ audience: 'keyserver.example', privateKey, publicKey },
  };
}

export const openPlatform = async (dataDirectory: string): Promise<LocalPlatform> =>
  await openLocalPlatform({
    ...{ dataDirectory, clock: systemClock, timers: systemTimers, random: systemRandom },
  });

/** Makes a store as a first start does, registers the app and its authority, and stores so many keys. Gives how long that took. */
export async function fill(
  dataDirectory: string,
  authority: Authority,
  keys: number,
): Promise<number> {
  const platform = await openPlatform(dataDirectory);
  const { store, keyHashSecret } = platform;
  const window = windowLength(HOUR);
  if (window === undefined) throw new Error('an hour is a window');
  const known = { place: dataDirectory, window, profile: 'production', keyHashSecret } as const;
  await openStoreFormat(store, known, systemRandom);
  await register(store, authority);
  await makeDataKey(store, platform.wrapperFor('revision-token'));
  const today = intervalAt(systemClock.now());
  const first = today - (today % INTERVALS_PER_DAY) - KEYS_PER_UPLOAD * INTERVALS_PER_DAY;
  const storeOne = storeOneUpload(store, keyStoreSettings(keyHashSecret), first);
  const started = performance.now();
  await concurrently(FILLERS, Math.ceil(keys / KEYS_PER_UPLOAD), storeOne);
  const seconds = Math.round((performance.now() - started) / 1000);
  await platform.close();
  return seconds;
}

async function register(
  store: Parameters<typeof applyConfiguration>[0],
  { app, issuer, audience, kid, publicKey }: Authority,
): Promise<void> {
  const from = unixMillis(systemClock.now() - DAY);
  const key = { version: kid, publicKey, from, thru: undefined };
  const wanted = {
    authorities: [{ id: 1, issuer, audience, name: 'Example Health', keys: [key], stats: true }],
    apps: [
      {
        id: app,
        regions: ['US'],
        authorities: [1],
        bypassCertificate: false,
        bypassRevisionToken: false,
      },
    ],
    signingKeys: [],
    exports: [],
    queries: [],
  };
  const outcome = await applyConfiguration(store, wanted, { actor: 'bench', random: systemRandom });
  if (outcome.kind !== 'applied') throw new Error('the configuration was not applied');
}

/** Starts the services, has the client send, and kills the services while it still sends. */
async function measureUploads(run: Run): Promise<Figures> {
  const { dataDirectory, profile, processes } = run;
  const services: PublishProcess[] = [];
  for (let n = 0; n < processes; n++)
    services.push(await startPublishProcess(dataDirectory, profile));
  run.say(`uploads over ${CONNECTIONS} connections for ${run.seconds} s`);
  try {
    return await underLoad(run, services);
  } finally {
    // Only a process that ends by itself writes its profile.
    await Promise.all(
      services.map(({ end }) => end(profile === undefined ? 'SIGKILL' : 'SIGTERM')),
    );
  }
}

async function underLoad(run: Run, services: readonly PublishProcess[]): Promise<Figures> {
  const { requests, acknowledgedFile, seconds, profile, say } = run;
  const pids = services.map(({ pid }) => pid);
  const client = startClient({
    ...{ ports: services.map(({ port }) => port), connections: CONNECTIONS, requests, seconds },
    ...{ warm: WARM, reserve: RESERVE, acknowledgedFile },
  });
  await client.begins;
  const before = processorTime(pids);
  const memory = watchMemory(pids, say);
  const figures = await client.figures;
  const { main, all } = processorTime(pids);
  const used = memory.stop();
  // Killed while the client goes on: what it was told is stored must be.
  await Promise.all(services.map(({ end }) => end(profile === undefined ? 'SIGKILL' : 'SIGTERM')));
  await client.ended;
  const each = (micros: number): number => Math.round(micros / figures.answered);
  return {
    uploadsPerSecond: Math.round((figures.answered * 1000) / figures.elapsedMs),
    ...{ p50Ms: tenths(figures.p50Ms), p99Ms: tenths(figures.p99Ms) },
    cpuMicrosPerUpload: each(all - before.all),
    mainThreadMicrosPerUpload: each(main - before.main),
    clientMicrosPerUpload: each(figures.cpuMicros),
    ...{ rssMB: used.resident, ownMemoryMB: used.own },
  };
}

const tenths = (value: number): number => Math.round(value * 10) / 10;

interface Client {
  readonly begins: Promise<void>;
  readonly figures: Promise<ClientFigures>;
  readonly ended: Promise<void>;
}

function startClient(order: ClientOrder): Client {
  const child = fork(join(import.meta.dirname, 'publish-client.ts'), {
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
  });
  child.send(order);
  const lost = new Promise<never>((_, reject) => {
    child.once('disconnect', () => {
      reject(new Error('the client ended too early'));
    });
  });
  const told = async <T extends ClientReport>(is: (report: ClientReport) => report is T) =>
    await Promise.race([
      lost,
      new Promise<T>((resolve) => {
        child.on('message', (message) => {
          // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- publish-client.ts sends nothing else
          const report = message as ClientReport;
          if (is(report)) resolve(report);
        });
      }),
    ]);
  const begins = told((report) => report === 'begins');
  const figures = told((report) => typeof report === 'object');
  const ended = told((report) => report === 'ended');
  return { begins: begins.then(nothing), figures, ended: ended.then(nothing) };
}

const nothing = (): void => undefined;

/** Watches the memory of the largest process, and says it once a minute. */
function watchMemory(
  pids: readonly number[],
  say: (line: string) => void,
): { readonly stop: () => Memory } {
  let most: Memory = { resident: 0, own: 0 };
  let looks = 0;
  const look = (): void => {
    const [largest = most] = pids.map(memoryOf).toSorted((a, b) => b.resident - a.resident);
    if (largest.resident > most.resident) most = largest;
    if (looks++ % 60 === 0)
      say(
        `minute ${(looks / 60) | 0}: ${largest.resident} MB resident, ${largest.own} MB of its own`,
      );
  };
  look();
  const timer = setInterval(look, 1000);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return most;
    },
  };
}

const records = view(keyBatches, ['records']);

/** How many uploads were acknowledged in all, and of how many of them a key is not in the store. */
async function compareStore({ dataDirectory, numbers, acknowledgedFile }: Run): Promise<Figures> {
  const platform = await openPlatform(dataDirectory);
  for await (const page of platform.store.pages(records, {}))
    for (const { value } of page) numbers.found(value.records);
  await platform.close();
  let [acknowledged, lost] = [0, 0];
  for (const [upload, was] of readFileSync(acknowledgedFile).entries()) {
    if (was === 0) continue;
    acknowledged += 1;
    if (!numbers.isWhole(upload)) lost += 1;
  }
  return { acknowledged, lost };
}
