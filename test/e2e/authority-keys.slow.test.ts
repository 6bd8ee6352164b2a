import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aFileWith, keyserver } from '@keyserver/cli/testing';
import { DEVELOPMENT_NAMES } from '@keyserver/configuration';
import { SECOND, sleep, systemClock, systemTimers } from '@keyserver/time';
import { type KeyServer, startKeyServer } from '@keyserver/trust/testing';
import { parse, stringify } from 'yaml';
import { freePorts } from '../support/free-ports.ts';

const START = new URL('../../tools/launcher/src/start.ts', import.meta.url).pathname;
const NAMES = [
  ...['PUBLISH', 'EXPORT', 'CLEANUP', 'TRUST', 'CDN', 'ISSUER'],
  ...['FEDERATION_SERVE', 'FEDERATION_PULL'],
];
/** Half a minute and more: the schedule of the development profile has a turn of the refresh every ten seconds. */
const TRIES = 300;

let directory = '';
let ports: Readonly<Record<string, string>>;
let server: ChildProcess;
let authority: KeyServer;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keyserver-authority-'));
  const free = await freePorts(NAMES.length);
  ports = Object.fromEntries(NAMES.map((name, n) => [`${name}_PORT`, String(free[n])]));
  authority = await startKeyServer();
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE, DATA_DIR: directory, ...ports };
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning', START];
  server = spawn(process.execPath, flags, { env, stdio: 'ignore' });
  await until(async () => {
    const health = await fetch(`${publishUrl()}/health`).catch(() => undefined);
    return health?.status === 200;
  });
});
afterAll(async () => {
  server.kill('SIGTERM');
  if (server.exitCode === null) await once(server, 'exit');
  await authority.close();
  rmSync(directory, { recursive: true });
});

const publishUrl = (): string => `http://127.0.0.1:${ports['PUBLISH_PORT']}`;

/** Asks again and again, as other processes take their time; fails in the end. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < TRIES; n += 1) {
    if (await holds()) return;
    await sleep(systemTimers, SECOND / 4);
  }
  throw new Error('what is waited for does not come');
}

const cli = async (...argv: readonly string[]) =>
  await keyserver(argv, { dataDirectory: directory, clock: systemClock });

const aKey = (kid: string) => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    ...{ kid, file: aFileWith(`slow-${kid}.pem`, pem) },
    jwk: { ...publicKey.export({ format: 'jwk' }), kid },
  };
};
const uploads = async ({ kid, file }: ReturnType<typeof aKey>): Promise<boolean> =>
  (
    await cli(
      ...['publish', '--url', publishUrl(), '--keys', '1', '--kid', kid],
      ...['--authority-key', file, '--audience', DEVELOPMENT_NAMES.authority.audience],
    )
  ).code === 0;

it('a whole server follows an authority that rotates its key', async () => {
  const [old, next] = [aKey('old'), aKey('new')];
  authority.serve(old.jwk);
  const { out } = await cli('config', 'show');
  const shown = parse(out) as { authorities: object[] };
  const [development] = shown.authorities;
  const file = { ...shown, authorities: [{ ...development, keys: [], jwks: authority.url }] };
  const path = aFileWith('slow-server.yaml', stringify(file));
  expect(await cli('config', 'apply', path, '--yes')).toMatchObject({ code: 0, err: '' });
  await until(async () => await uploads(old));
  expect(await uploads(next)).toBe(false);

  authority.serve(old.jwk, next.jwk);
  await until(async () => await uploads(next));
  expect(await uploads(old)).toBe(true);

  authority.serve(next.jwk);
  await until(async () => !(await uploads(old)));
  expect(await uploads(next)).toBe(true);

  authority.serve(); // an answer without a key ends none
  const { asked } = authority;
  await until(async () => await Promise.resolve(authority.asked > asked));
  const log = join(directory, 'logs', 'trust.problems.log');
  await until(async () => {
    const lines = await Promise.resolve(readFileSync(log, 'utf8'));
    return lines.includes('trust.authority_keys_failed') && lines.includes('"problem":"empty"');
  });
  expect(await uploads(next)).toBe(true);
}, 180_000);
