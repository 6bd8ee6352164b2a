import type { DocumentStore } from '@keyserver/docstore';
import type { HealthAuthority } from '@keyserver/health-authority';
import { createLogger } from '@keyserver/log';
import { seededRandom } from '@keyserver/random/testing';
import { strictJsonParser } from '@keyserver/service';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import {
  authorityDocument,
  findAuthority,
  forgetKeySet,
  healthAuthorities,
  readAuthorityKeys,
  recordRefreshFailure,
  recordServedKeys,
} from '@keyserver/stores';
import {
  MINUTE,
  type SimulatedClock,
  simulatedClock,
  systemTimers,
  unixMillis,
} from '@keyserver/time';
import { keySetFetcher } from './fetch-key-set.ts';
import { type RefreshDeps, refreshAuthorityKeys } from './refresh-authority-keys.ts';
import { type KeyServer, aJwk, answering, startKeyServer } from './testing/index.ts';

const random = seededRandom('refresh');
const never = new AbortController().signal;
let clock: SimulatedClock;
let store: DocumentStore;
let servers: KeyServer[];
let lines: string[];

beforeEach(async () => {
  clock = simulatedClock(unixMillis(Date.UTC(2026, 0, 15, 12)));
  store = await openTestStore({ clock });
  servers = [];
  lines = [];
});
afterEach(async () => {
  await closeTestStores();
  await Promise.all(
    servers.map(async (server) => {
      await server.close();
    }),
  );
});

const issuerOf = (id: number): string => `authority-${id}.example`;
async function configure(id: number, jwks?: string): Promise<void> {
  const authority: HealthAuthority = {
    ...{ id, issuer: issuerOf(id), audience: 'us', name: 'Health', keys: [], stats: false },
    ...(jwks === undefined ? {} : { jwks }),
  };
  await store.transact((tx) => {
    tx.set(healthAuthorities, String(id), authorityDocument(authority));
    return Promise.resolve();
  });
}
/** An authority that serves one key, named after it. */
async function serving(id: number): Promise<KeyServer> {
  const server = await startKeyServer();
  server.serve(aJwk(`key-${id}`));
  servers.push(server);
  await configure(id, server.url);
  return server;
}
const deps = (): RefreshDeps => ({
  readAuthorityKeys: async () => await readAuthorityKeys(store),
  fetchKeySet: keySetFetcher({ timers: systemTimers, patience: 5000, loopback: true }),
  parseJson: strictJsonParser(),
  recordServed: async (asked, served) =>
    await recordServedKeys(store, asked, {
      ...{ actor: 'job', random, served, endAfter: 5 * MINUTE, noteEvery: 15 * MINUTE },
    }),
  recordFailure: async (asked, problem, pause) =>
    await recordRefreshFailure(store, asked, { random, problem, pause }),
  forget: async (id) => await forgetKeySet(store, id),
  storeTime: async () => await store.now(),
  random,
  log: createLogger({
    ...{ service: 'trust', clock, timers: systemTimers },
    write: (line) => lines.push(line),
  }),
});
const refresh = async (signal = never, changed: Partial<RefreshDeps> = {}) =>
  await refreshAuthorityKeys({ ...deps(), ...changed }, signal);
const live = async (id: number) =>
  (await findAuthority(store)(issuerOf(id)))?.keys
    .filter(({ thru }) => thru === undefined)
    .map(({ version }) => version);
const events = () =>
  lines.map((line) => {
    const { message, authority, problem, failures, added } = JSON.parse(line) as Record<
      string,
      unknown
    >;
    return { event: message, authority, problem, failures, added };
  });

describe('learning the keys of authorities', () => {
  it('asks each that serves keys, and leaves the others alone', async () => {
    await Promise.all([1, 2, 3, 4, 5, 6, 7].map(serving));
    await configure(8);
    expect(await refresh()).toEqual({ kind: 'done', done: 7, left: 0 });
    for (const id of [1, 2, 3, 4, 5, 6, 7]) expect(await live(id)).toEqual([`key-${id}`]);
    expect(await live(8)).toEqual([]);
    expect(events()).toHaveLength(7);
    expect(await refresh()).toEqual({ kind: 'done', done: 0, left: 0 });
    expect(servers.map(({ asked }) => asked)).toEqual([2, 2, 2, 2, 2, 2, 2]);
    expect(lines).toHaveLength(7);
  });

  it('does not let one that fails stop the others, and reports it', async () => {
    const [away] = [await serving(1), await serving(2), await serving(3)];
    away.answer = answering('', 503);
    expect(await refresh()).toEqual({
      ...{ kind: 'failed', done: 2, left: 0 },
      problems: ['the keys of authority 1 could not be learned: status'],
    });
    expect([await live(1), await live(2), await live(3)]).toEqual([[], ['key-2'], ['key-3']]);
    expect(events()).toContainEqual({
      ...{ event: 'trust.authority_keys_failed', authority: '1' },
      ...{ problem: 'status', failures: 1, added: undefined },
    });
  });

  it.each([
    ['nothing', '', 'empty'],
    ['white space', ' \n', 'empty'],
    ['an empty array', '[]', 'empty'],
    ['an empty set', '{"keys":[]}', 'empty'],
    ['a page', '<html></html>', 'not_json'],
    ['half an answer', '{"keys":[', 'not_json'],
    ['a name twice', '{"keys":[],"keys":[]}', 'not_json'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'not_json'],
    ['no keys', '{}', 'not_a_key_set'],
    ['a private key', JSON.stringify([{ ...aJwk('k'), d: 'AAAA' }]), 'private_key'],
  ])('changes nothing for an answer with %s, and alerts', async (_what, body, problem) => {
    const server = await serving(1);
    await refresh();
    server.answer = answering(body as string);
    clock.advance(2 * MINUTE);
    expect(await refresh()).toMatchObject({ kind: 'failed' });
    expect(await live(1)).toEqual(['key-1']);
    expect(lines.at(-1)).toContain('"severity":"ERROR"');
    expect(events().at(-1)).toMatchObject({ problem, failures: 1 });
  });

  it('asks one that fails less and less often, at the latest every 15 minutes, and at once follows it when it is back', async () => {
    const server = await serving(1);
    const good = server.answer;
    server.answer = answering('', 500);
    const at: number[] = [];
    for (let minute = 0; minute < 60; minute += 1) {
      const before = server.asked;
      await refresh();
      if (server.asked > before) at.push(minute);
      clock.advance(MINUTE);
    }
    expect(at).toEqual([0, 1, 3, 7, 15, 30, 45]);
    server.answer = good;
    expect(await refresh()).toEqual({ kind: 'done', done: 1, left: 0 });
    expect(await live(1)).toEqual(['key-1']);
  });

  it('asks all the same where a pause was written by a clock that was ahead', async () => {
    const server = await serving(1);
    const { authorities } = await readAuthorityKeys(store);
    await recordRefreshFailure(
      store,
      { authority: authorities[0]!.authority, revision: 0 },
      { random, problem: 'slow', pause: () => 20 * MINUTE },
    );
    await refresh();
    expect(server.asked).toBe(1);
  });

  it('leaves to the next run what this one has no time for, without blame', async () => {
    const server = await serving(1);
    const ending = new AbortController();
    server.answer = () => {
      ending.abort(new Error('no time'));
    };
    expect(await refresh(ending.signal)).toEqual({ kind: 'done', done: 0, left: 1 });
    expect(await refresh(ending.signal)).toEqual({ kind: 'done', done: 0, left: 1 });
    expect(lines).toEqual([]);
    expect((await readAuthorityKeys(store)).authorities[0]?.keySet).toBeUndefined();
  });

  it('fails with the store, once nobody works any more', async () => {
    await Promise.all([1, 2, 3].map(serving));
    let working = 0;
    const run = refresh(never, {
      recordServed: async () => {
        working += 1;
        await Promise.resolve();
        working -= 1;
        throw new Error('the store is away');
      },
    });
    await expect(run).rejects.toThrow('the store is away');
    expect(working).toBe(0);
  });

  it('forgets what was learned from an authority that is gone', async () => {
    await serving(1);
    await refresh();
    await store.transact((tx) => {
      tx.delete(healthAuthorities, '1');
      return Promise.resolve();
    });
    expect(await refresh()).toEqual({ kind: 'done', done: 1, left: 0 });
    await configure(1, servers[0]!.url);
    expect(await live(1)).toEqual([]);
  });

  it('logs no kid and no key', async () => {
    const server = await serving(1);
    server.serve(aJwk('a-very-secret-kid'));
    await refresh();
    expect(lines.join('')).not.toContain('secret');
    expect(await live(1)).toEqual(['a-very-secret-kid']);
  });
});
