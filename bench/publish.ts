import { makeDataKey } from '@keyserver/publish/testing';
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openLocalPlatform } from '@keyserver/local';
import { applyConfiguration } from '@keyserver/configuration';
import { systemRandom } from '@keyserver/random';
import { openStoreFormat } from '@keyserver/stores';
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
import { type Figures, type Measure, residentMib } from './figures.ts';
import type { ClientOrder, ClientReport } from './publish-client.ts';
import { KEYS_PER_UPLOAD, concurrently, keyStoreSettings, storeOneUpload } from './uploads.ts';

const SERVICE = join(import.meta.dirname, '../services/publish/dist/main.js');
const CONNECTIONS = 64;
const UPLOADS = { warm: 2000, measured: 10_000 };

/**
 * Uploads over HTTP: a real publish service on one machine, compiled as an image has it, with keys stored before; a client
 * in a process of its own, which sends new keys with signed certificates over connections that it keeps open.
 */
export const measurePublish: Measure = async ({ keys = 1_000_000, say }) => {
  if (!existsSync(SERVICE))
    throw new Error('run npm run build first: a compiled service is measured');
  const dataDirectory = mkdtempSync(join(tmpdir(), 'keyserver-publish-'));
  try {
    const authority = newAuthority();
    say(`storing ${keys} keys`);
    await fill(dataDirectory, authority, keys);
    const service = await startPublish(dataDirectory);
    say(`${UPLOADS.measured} uploads over ${CONNECTIONS} connections`);
    try {
      const figures = await measureUploads(service, { ...authority, url: service.url });
      return { keysStored: keys, ...figures };
    } finally {
      service.process.kill('SIGTERM');
      await service.ended;
    }
  } finally {
    rmSync(dataDirectory, { recursive: true });
  }
};

type Authority = Omit<ClientOrder, 'url'> & { readonly publicKey: string };

function newAuthority(): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return {
    ...{ app: 'org.example.app', issuer: 'https://authority.example', kid: 'v1' },
    ...{ audience: 'keyserver.example', privateKey, publicKey },
    ...{ connections: CONNECTIONS, uploads: UPLOADS },
  };
}

/** Makes a store as a first start does, registers the app and its authority, and stores so many keys. */
async function fill(dataDirectory: string, authority: Authority, keys: number): Promise<void> {
  const platform = await openLocalPlatform({
    ...{ dataDirectory, clock: systemClock, timers: systemTimers, random: systemRandom },
  });
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
  await concurrently(256, Math.ceil(keys / KEYS_PER_UPLOAD), storeOne);
  await platform.close();
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
  };
  const outcome = await applyConfiguration(store, wanted, { actor: 'bench', random: systemRandom });
  if (outcome.kind !== 'applied') throw new Error('the configuration was not applied');
}

interface Service {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly ended: Promise<void>;
}

async function startPublish(dataDirectory: string): Promise<Service> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SERVICE], {
    env: { PLATFORM: 'local', DATA_DIR: dataDirectory, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      resolve();
    });
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('close', () => {
      reject(new Error('publish did not start'));
    });
    // Read to the end, so that the service never waits for a full pipe.
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.includes('"service.started"')) return;
      const found = /"url":"([^"]+)"/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  return { process: child, pid: child.pid ?? 0, url, ended };
}

async function measureUploads(service: Service, order: ClientOrder): Promise<Figures> {
  const client = fork(join(import.meta.dirname, 'publish-client.ts'), {
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
  });
  client.send(order);
  let cpuBefore = 0;
  const report = await new Promise<Exclude<ClientReport, 'begins'>>((resolve, reject) => {
    // Its last message may come after its exit, but not after this.
    client.once('disconnect', () => {
      reject(new Error('the client ended without figures'));
    });
    client.on('message', (message) => {
      // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- publish-client.ts sends nothing else
      const told = message as ClientReport;
      if (told === 'begins') cpuBefore = cpuMicrosOf(service.pid);
      else resolve(told);
    });
  });
  const cpu = cpuMicrosOf(service.pid) - cpuBefore;
  const latencies = report.latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(latencies[Math.floor(share * latencies.length)] ?? 0);
  return {
    uploadsPerSecond: Math.round((latencies.length * 1000) / report.elapsedMs),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuMicrosPerUpload: Math.round(cpu / latencies.length),
    residentMib: residentMib(service.pid),
  };
}

const MICROS_PER_TICK = 10_000;
const [AFTER_NAME, USER, SYSTEM] = [2, 11, 12];

/** The processor time that a process has used, in microseconds; 0 where the system does not tell it in /proc. */
function cpuMicrosOf(pid: number): number {
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return 0;
  const text = readFileSync(stat, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + AFTER_NAME).split(' ');
  return MICROS_PER_TICK * (Number(fields[USER]) + Number(fields[SYSTEM]));
}
