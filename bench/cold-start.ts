import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { startKmsStandIn } from '@keyserver/stand-ins/kms';
import { startStorageStandIn } from '@keyserver/stand-ins/storage';
import { type Figures, type Measure, median, residentMib } from './figures.ts';

const STARTS = 7;
const SERVICES = ['publish', 'export'] as const;
const PLATFORMS = { local: startLocal, gcp: startStandIns } as const;

/** What the export service needs to know of its callers; nobody calls it here. */
const CALLERS = {
  OIDC_ISSUER: 'https://issuer.example',
  OIDC_JWKS_URL: 'https://issuer.example/keys',
  OIDC_AUDIENCE: 'https://export.example',
  CALLER_EMAILS: 'jobs@example.com',
};

/**
 * From the start of a process to the moment when it answers, and its memory then: each service, compiled as an image has it,
 * on each platform, with and without V8's compile cache.
 */
export const measureColdStart: Measure = async ({ say }) => {
  const figures: Record<string, number> = {};
  for (const [platform, start] of Object.entries(PLATFORMS)) {
    const directory = mkdtempSync(join(tmpdir(), 'keyserver-cold-'));
    const { env, close } = await start(directory);
    try {
      for (const service of SERVICES)
        Object.assign(figures, await measureOne({ service, platform, directory, env, say }));
    } finally {
      await close();
      rmSync(directory, { recursive: true });
    }
  }
  return figures satisfies Figures;
};

async function measureOne(of: {
  readonly service: (typeof SERVICES)[number];
  readonly platform: string;
  readonly directory: string;
  readonly env: Ground['env'];
  readonly say: (line: string) => void;
}): Promise<Figures> {
  const { service, platform, directory, env } = of;
  const figures: Record<string, number> = {};
  for (const cache of ['', 'Cached']) {
    of.say(`${service} on ${platform} ${cache}`);
    const kept = cache === '' ? {} : { NODE_COMPILE_CACHE: join(directory, 'compiled') };
    const starts = await startSeveral(service, { ...env, ...CALLERS, ...kept });
    const name = `${service}${platform === 'gcp' ? 'Gcp' : 'Local'}${cache}`;
    figures[`${name}Ms`] = median(starts.map(({ ms }) => ms));
    figures[`${name}Mib`] = median(starts.map(({ mib }) => mib));
  }
  return figures;
}

interface Ground {
  readonly env: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

async function startLocal(directory: string): Promise<Ground> {
  const env = { PLATFORM: 'local', DATA_DIR: directory };
  return await Promise.resolve({ env, close: () => Promise.resolve() });
}

async function startStandIns(): Promise<Ground> {
  const firestore = await startFirestoreStandIn({});
  const storage = await startStorageStandIn({});
  const kms = await startKmsStandIn();
  return {
    env: {
      ...{ PLATFORM: 'gcp', GCP_PROJECT: 'cold-start', KEY_HASH_SECRET: '5e'.repeat(32) },
      ...{ FIRESTORE_ENDPOINT: firestore.address, STORAGE_ENDPOINT: new URL(storage.url).host },
      ...{ KMS_ENDPOINT: kms.address, METADATA_SERVER_DETECTION: 'none' },
    },
    close: async () => {
      await Promise.all([firestore.close(), storage.close(), kms.close()]);
    },
  };
}

interface Start {
  readonly ms: number;
  readonly mib: number;
}

async function startSeveral(
  service: (typeof SERVICES)[number],
  env: Readonly<Record<string, string>>,
): Promise<readonly Start[]> {
  const script = join(import.meta.dirname, '../services', service, 'dist/main.js');
  if (!existsSync(script))
    throw new Error('run npm run build first: compiled services are measured');
  const starts: Start[] = [];
  for (let n = 0; n <= STARTS; n++) {
    const start = await startOnce(script, env);
    if (n > 0) starts.push(start); // the first one fills caches, the system's too
  }
  return starts;
}

async function startOnce(script: string, env: Readonly<Record<string, string>>): Promise<Start> {
  const started = performance.now();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    env: { ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      resolve();
    });
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('"service.started"')) continue;
    const ms = Math.round(performance.now() - started);
    const mib = residentMib(child.pid ?? 0);
    child.kill('SIGTERM');
    await ended;
    return { ms, mib };
  }
  throw new Error('a service did not start');
}
