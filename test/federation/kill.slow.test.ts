import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keyHex, packRecords, unpackRecords } from '@keyserver/exposure-keys';
import { aPartner, aQuery } from '@keyserver/federation/testing';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { randomId, systemRandom } from '@keyserver/random';
import { listen } from '@keyserver/service';
import {
  federationPositions,
  federationQueries,
  keyBatchDocument,
  keyBatches,
  keyHasher,
  leases,
  partnerDocument,
  partners,
  queryDocument,
  readKeyBatches,
} from '@keyserver/stores';
import { SETTINGS, aKey } from '@keyserver/stores/testing';
import {
  DAY,
  MINUTE,
  SECOND,
  floorTo,
  intervalAt,
  intervalNumber,
  systemClock,
  systemTimers,
  unixMillis,
} from '@keyserver/time';
import { serviceProcess } from '../crash/service-process.ts';
import { machine } from '../support/machine.ts';

const KEYS = 20_000;
const REVISED = 300;
const KILLS = process.env['SOAK'] === '1' ? 100 : 12;
const AUDIENCE = aPartner().audience;
const JOBS = { audience: 'http://jobs.keyserver.localhost', email: 'jobs@keyserver.localhost' };
const ACCOUNT = 'federation@keyserver.localhost';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function opened(): Promise<LocalPlatform & { readonly directory: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'keyserver-killed-'));
  const platform = await openLocalPlatform({ ...machine, dataDirectory: directory });
  closers.push(() => {
    rmSync(directory, { recursive: true });
  }, platform.close);
  return { ...platform, directory };
}

/** Keys of some past windows of a second, of which some are revised. */
async function seed({ store, keyHashSecret }: LocalPlatform): Promise<void> {
  const settings = { ...SETTINGS, hashKey: keyHasher(keyHashSecret) };
  const now = floorTo(systemClock.now(), SECOND);
  const start = intervalNumber(intervalAt(floorTo(now, DAY)) - 144);
  const put = async (kind: 'primary' | 'revision', from: number, count: number): Promise<void> => {
    const type = kind === 'primary' ? 'likely' : 'negative';
    const keys = Array.from({ length: count }, (_, n) =>
      aKey(from + n, { start, reportType: type }),
    );
    await store.transact(async (tx) => {
      const batch = {
        ...({ kind, origin: 'local', sourceId: '', app: 'app' } as const),
        ...{ regions: ['US'], traveler: false },
        window: unixMillis(now - MINUTE + (kind === 'primary' ? from % 20 : 30) * SECOND),
        records: packRecords(keys),
      };
      const document = keyBatchDocument(batch, settings, systemRandom);
      tx.create(keyBatches, randomId(systemRandom), document);
      await Promise.resolve();
    });
  };
  for (let from = 0; from < KEYS; from += 1001)
    await put('primary', from, Math.min(1001, KEYS - from));
  await put('revision', 0, REVISED);
}

it(`loses and doubles no key when either side is killed ${KILLS} times`, async () => {
  const [giver, taker] = [await opened(), await opened()];
  await seed(giver);
  let documents: Readonly<Record<string, object>> = {};
  const served = await listen(
    (request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
    },
    { port: 0, timers: systemTimers },
  );
  closers.push(served.close);
  const issuer = await taker.openIssuer(served.url);
  ({ documents } = issuer);
  await giver.store.transact(async (tx) => {
    const partner = aPartner({ issuer: issuer.issuer, subject: ACCOUNT });
    tx.set(partners, partner.id, partnerDocument(partner));
    await Promise.resolve();
  });
  const groundOf = (directory: string, env: Readonly<Record<string, string>>) => ({
    env: { PLATFORM: 'local', DATA_DIR: directory, TRUNCATE_WINDOW_SECONDS: '1', ...env },
    script: (name: string) => [fileURLToPath(import.meta.resolve(`@keyserver/${name}/main`))],
  });
  const trusted = { FEDERATION_ISSUERS: `${issuer.issuer}=${issuer.jwksUrl}` };
  const serve = serviceProcess('federation-serve', groundOf(giver.directory, trusted));
  const pulling = serviceProcess(
    'federation-pull',
    groundOf(taker.directory, {
      ...{
        OIDC_ISSUER: issuer.issuer,
        OIDC_JWKS_URL: issuer.jwksUrl,
        OIDC_AUDIENCE: JOBS.audience,
      },
      ...{ CALLER_EMAILS: JOBS.email, FEDERATION_PLAINTEXT_LOOPBACK: 'true' },
    }),
  );
  closers.push(serve.stop, pulling.stop);

  /** Asks in pages of a size that is drawn, at once: neither a pause nor the lease of a dead run is waited for. */
  async function configure(): Promise<void> {
    await Promise.all([serve.ready(), pulling.ready()]);
    const server = new URL(serve.url() ?? '').host;
    const maxPageKeys = 20 + systemRandom.below(400);
    await taker.store.transact(async (tx) => {
      const [position] = await tx.get(federationPositions, ['neighbour']);
      const fields = { server, maxPageKeys, audience: AUDIENCE, onlyLocalProvenance: false };
      tx.set(federationQueries, 'neighbour', queryDocument(aQuery(fields)));
      if (position !== undefined)
        tx.set(federationPositions, 'neighbour', { ...position, notBefore: 0 });
      tx.delete(leases, 'federation-query-neighbour');
    });
  }
  const pull = async (): Promise<string> => {
    const headers = { authorization: `Bearer ${await issuer.mint(JOBS)}` };
    const url = `${pulling.url() ?? ''}/?query-id=neighbour`;
    try {
      return await (await fetch(url, { method: 'POST', headers })).text();
    } catch {
      return 'killed';
    }
  };
  const chunk = async (): Promise<string | undefined> =>
    (await taker.store.get(federationPositions, ['neighbour']))[0]?.chunk;
  /** Waits until the run has stored something more, or is over. */
  async function untilMoved(run: Promise<string>): Promise<void> {
    const state = { isOver: false };
    const over = (): void => {
      state.isOver = true;
    };
    void run.then(over, over);
    for (let moves = 1 + systemRandom.below(5); moves > 0; moves--) {
      const before = await chunk();
      while (!state.isOver && (await chunk()) === before);
    }
  }

  for (let kills = 0; kills < KILLS; kills++) {
    await configure();
    const run = pull();
    await untilMoved(run);
    (systemRandom.below(2) === 0 ? serve : pulling).kill();
    await run;
  }
  await configure();
  expect(await pull()).toBe('{"ok":true}');
  await configure();
  expect(await pull()).toBe('{"ok":true}');
  expect(await keysOf(taker, 'primary')).toEqual(
    Array.from({ length: KEYS }, (_, n) => hexOf(n)).sort(),
  );
  expect(await keysOf(taker, 'revision')).toEqual(
    Array.from({ length: REVISED }, (_, n) => hexOf(n)).sort(),
  );
  expect([...serve.troubles, ...pulling.troubles]).toEqual([]);
}, 600_000);

const hexOf = (n: number): string => keyHex(aKey(n).data);

async function keysOf({ store }: LocalPlatform, wanted: string): Promise<readonly string[]> {
  const keys: string[] = [];
  const now = systemClock.now();
  const span = { from: unixMillis(now - DAY), until: unixMillis(now + DAY) };
  for await (const page of readKeyBatches(store, { retention: 14 * DAY })(span))
    for (const { kind, records } of page)
      if (kind === wanted) keys.push(...unpackRecords(records).map(({ data }) => keyHex(data)));
  return keys.sort();
}
