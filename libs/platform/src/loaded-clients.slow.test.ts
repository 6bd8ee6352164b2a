import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloudEnv } from './testing/test-settings.ts';

/** Opens a platform in a process of its own, and says which engines and clients that process has loaded. */
const SCRIPT = `
import { registerHooks } from 'node:module';
const loaded = new Set();
const OPTIONAL = /[/]libs[/](local|sqlite|firestore|cloud-[a-z]+)[/]|[/]node_modules[/]@google-cloud[/](firestore|kms|storage|scheduler)[/]/;
registerHooks({
  load(url, context, next) {
    const [, room, client] = OPTIONAL.exec(url) ?? [];
    if (room !== undefined || client !== undefined) loaded.add(room ?? 'client of ' + client);
    return next(url, context);
  },
});
const { exportFiles, openPlatform, outgoingIdentity, storeAlone, tokenKeys } = await import('@keyserver/platform');
const { testSettings } = await import('./src/testing/test-settings.ts');
const { createLogger } = await import('@keyserver/log');
const { systemRandom: random } = await import('@keyserver/random');
const { systemClock: clock, systemTimers: timers } = await import('@keyserver/time');
const config = testSettings(process.env);
const openLog = () => createLogger({ clock, timers, service: 'cleanup', write: () => undefined });
const ambient = { clock, timers, random, openLog, logHealth: async () => undefined };
const account = { issuer: 'http://127.0.0.1:1', email: 'pull@example.org' };
const besides = {
  storeAlone,
  tokenKeys: tokenKeys(config),
  exportFiles: exportFiles(config),
  outgoingIdentity: outgoingIdentity(account),
};
await (await openPlatform(config, ambient, besides[process.env.BESIDE])).close();
process.stdout.write(JSON.stringify([...loaded].sort()));
`;

let directory = '';
let firestore: FirestoreStandIn;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keyserver-loaded-'));
  firestore = await startFirestoreStandIn();
});
afterAll(async () => {
  await firestore.close();
  rmSync(directory, { recursive: true });
});

async function loadedBy(env: Readonly<Record<string, string | undefined>>): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=source', '--input-type=module', '--eval', SCRIPT],
    {
      cwd: join(import.meta.dirname, '..'),
      env: { ...env, METADATA_SERVER_DETECTION: 'none', CLOUDSDK_CONFIG: '/nowhere' },
    },
  );
  return JSON.parse(stdout);
}

describe('a process loads no engine and no client but', () => {
  it('those of one machine', async () => {
    const env = { DATA_DIR: directory, BESIDE: 'exportFiles' };
    expect(await loadedBy(env)).toEqual(['local', 'sqlite']);
  });

  it.each([
    ['storeAlone', []],
    ['tokenKeys', ['client of kms', 'cloud-kms']],
    ['exportFiles', ['client of kms', 'client of storage', 'cloud-kms', 'cloud-storage']],
    ['outgoingIdentity', ['cloud-identity']],
  ])('Firestore and, for %s, %j on Google Cloud', async (BESIDE, clients) => {
    expect(await loadedBy({ ...cloudEnv(firestore.address), BESIDE })).toEqual(
      ['client of firestore', 'firestore', ...clients].sort(),
    );
  });
});
