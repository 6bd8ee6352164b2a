import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type KeyBatch, keyHex, unpackRecords } from '@keyserver/exposure-keys';
import { type AskedPage, aQuery, aWireKey } from '@keyserver/federation/testing';
import { aGrpcPartner, closeGrpcPartners } from '@keyserver/federation-pull/testing';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { systemRandom } from '@keyserver/random';
import { type RunningServer, listen } from '@keyserver/service';
import {
  federationQueries,
  leases,
  queryDocument,
  readKeyBatches,
  readStandings,
  readSyncs,
} from '@keyserver/stores';
import { DAY, intervalAt, systemClock, systemTimers, unixMillis } from '@keyserver/time';

const KILLS = 6;
const KEYS = 6000;
const PAGE = 900; // three transactions
const MAIN = fileURLToPath(new URL('../../services/federation-pull/src/main.ts', import.meta.url));
const AUDIENCE = 'http://jobs.keyserver.localhost';
const CALLER = 'jobs@keyserver.localhost';
const machine = { clock: systemClock, timers: systemTimers, random: systemRandom };

let directory = '';
let platform: LocalPlatform;
let served: RunningServer;
let issuer: Awaited<ReturnType<LocalPlatform['openIssuer']>>;
let child: ChildProcess | undefined;
/** Called when the partner is about to answer. */
let onCall: () => void = () => undefined;

/** Two days ago, all day. */
const intervalNumber = Math.floor((intervalAt(systemClock.now()) - 288) / 144) * 144;
const wireKey = (n: number, reportType: number) => aWireKey(n, { intervalNumber, reportType });
const numbers = (from: number, until: number) =>
  Array.from({ length: Math.max(0, until - from) }, (_, n) => from + n);

/** Likely keys, and every twentieth of them confirmed with the last page, in a region more. */
function serve(_authorization: string, { state }: AskedPage) {
  onCall();
  const from = Number(state?.keys.token ?? 0);
  const end = Math.min(KEYS, from + PAGE);
  const revised = end < KEYS || from === KEYS ? [] : numbers(0, KEYS / 20).map((n) => 20 * n);
  return {
    keys: numbers(from, end).map((n) => wireKey(n, 2)),
    revisedKeys: revised.map((n) => ({ ...wireKey(n, 1), regions: ['XB', 'XC'] })),
    ...{ more: end < KEYS, next: [7200, String(end)] as const },
  };
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keyserver-killed-'));
  platform = await openLocalPlatform({ ...machine, dataDirectory: directory });
  let documents: Readonly<Record<string, object>> = {};
  served = await listen(
    (request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
    },
    { port: 0, timers: systemTimers },
  );
  issuer = await platform.openIssuer(served.url);
  ({ documents } = issuer);
  const port = await aGrpcPartner(serve);
  const { id, ...query } = aQuery({ server: `127.0.0.1:${port}` });
  await platform.store.transact(async (tx) => {
    tx.set(federationQueries, id, queryDocument({ id, ...query }));
    await Promise.resolve();
  });
});
afterAll(async () => {
  child?.kill('SIGKILL');
  closeGrpcPartners();
  await served.close();
  await platform.close();
  rmSync(directory, { recursive: true });
});

/** A process of the service; gives where it answers. */
async function started(): Promise<string> {
  const env = {
    ...{ PATH: process.env['PATH'], DATA_DIR: directory, PORT: '0', CALLER_EMAILS: CALLER },
    ...{ OIDC_ISSUER: issuer.issuer, OIDC_JWKS_URL: issuer.jwksUrl, OIDC_AUDIENCE: AUDIENCE },
    FEDERATION_PLAINTEXT_LOOPBACK: 'true',
  };
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const begun = spawn(process.execPath, [...flags, MAIN], { env, stdio: [...stdio] });
  child = begun;
  for await (const line of createInterface({ input: begun.stdout })) {
    const event = JSON.parse(line) as { message: string; url?: string };
    if (event.message !== 'service.started') continue;
    begun.stdout.resume();
    return event.url ?? '';
  }
  throw new Error('the service did not start');
}

async function kill(): Promise<void> {
  const ended = once(child!, 'exit');
  child!.kill('SIGKILL');
  await ended;
}

/** What a minute would bring. */
const letLeasesExpire = async (): Promise<void> => {
  const name = 'federation-query-neighbour';
  await platform.store.transact(async (tx) => {
    const [lease] = await tx.get(leases, [name]);
    if (lease !== undefined) tx.set(leases, name, { ...lease, expiresAt: 0 });
  });
};

async function post(url: string): Promise<number> {
  const token = await issuer.mint({ audience: AUDIENCE, email: CALLER });
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/?query-id=neighbour`, { method: 'POST', headers });
  return response.status;
}

const idsIn = ({ kind, regions, records }: KeyBatch): readonly string[] =>
  unpackRecords(records).flatMap(({ data }) =>
    regions.map((region) => `${kind} ${region} ${keyHex(data)}`),
  );

/** How often each key is stored, by kind and region. */
async function stored(): Promise<ReadonlyMap<string, number>> {
  const now = systemClock.now();
  const times = new Map<string, number>();
  const span = { from: unixMillis(now - DAY), until: unixMillis(now + DAY) };
  for await (const page of readKeyBatches(platform.store, { retention: 14 * DAY })(span))
    for (const id of page.flatMap(idsIn)) times.set(id, (times.get(id) ?? 0) + 1);
  return times;
}

it(`a pull that is killed ${KILLS} times loses nothing and stores nothing twice`, async () => {
  for (let n = 0; n < KILLS; n++) {
    await letLeasesExpire();
    const url = await started();
    // At one of the next calls: before its answer, or at any moment of what becomes of it.
    const last = 1 + systemRandom.below(2);
    let calls = 0;
    let ended: Promise<void> | undefined;
    onCall = () => {
      if (++calls === last) ended = pause(systemRandom.below(150)).then(kill);
    };
    await post(url).catch(() => 'lost');
    await (ended ?? kill());
  }
  onCall = () => undefined;
  await letLeasesExpire();
  expect(await post(await started())).toBe(200);
  const times = await stored();
  const of = (prefix: string) => [...times.keys()].filter((id) => id.startsWith(prefix)).length;
  expect([...times.values()].filter((count) => count !== 1)).toEqual([]);
  expect([of('primary XB'), of('primary XC')]).toEqual([KEYS, KEYS / 20]);
  expect([of('revision XB'), of('revision XC')]).toEqual([KEYS / 20, KEYS / 20]);
  const [standing] = await readStandings(platform.store, ['neighbour']);
  expect(standing).toMatchObject({ state: { keys: { token: String(KEYS) } }, problem: undefined });
  const runs = await readSyncs(platform.store, 'neighbour', unixMillis(0));
  expect(runs.filter(({ outcome }) => outcome === 'died').length).toBeGreaterThan(0);
  expect(runs.at(-1)?.outcome).toBe('caught_up');
}, 300_000);
