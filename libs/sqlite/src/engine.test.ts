import { machine } from '../../../test/support/machine.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { collection, int } from '@keyserver/docstore';
import { seededRandom } from '@keyserver/random/testing';
import { simulatedClock, unixMillis } from '@keyserver/time';
import { manualTimers } from '@keyserver/time/testing';
import { Engine } from './engine.ts';
import { clocksOf } from './machine-clocks.ts';
import type { EngineMessage, Request } from './protocol.ts';
import { closeTestStores, openTestStore } from './testing/test-store.ts';

const counters = collection({ name: 'counters', fields: { n: int() } });
const others = collection({ name: 'others', fields: { n: int() } });
const REQUESTS = 200;

afterEach(closeTestStores);

it('gives every answer to the one who asked, whatever kinds of requests wait together', async () => {
  const store = await openTestStore();
  const opened = await store.now();
  const random = seededRandom('mixed requests');
  await store.transact(async (tx) => {
    for (let n = 0; n < REQUESTS; n++) tx.set(others, String(n), { n });
    await Promise.resolve();
  });
  let runs = 0;
  const ask = async (n: number): Promise<number> => {
    for (let gaps = random.below(6); gaps > 0; gaps--) await Promise.resolve();
    if (n % 3 === 0) return await store.now();
    if (n % 7 === 0) return await store.deleteAll(others, { limit: 1 });
    return await store.transact(async (tx) => {
      runs++;
      tx.set(counters, String(n), { n });
      await Promise.resolve();
      return n;
    });
  };
  const numbers = Array.from({ length: REQUESTS }, (_, n) => n);
  const answers = await Promise.all(numbers.map(ask));
  const writes = numbers.filter((n) => n % 3 !== 0 && n % 7 !== 0);
  const deletions = numbers.filter((n) => n % 3 !== 0 && n % 7 === 0);
  expect(writes.map((n) => answers[n])).toEqual(writes);
  expect(deletions.map((n) => answers[n])).toEqual(deletions.map(() => 1));
  for (const n of numbers.filter((each) => each % 3 === 0))
    expect(answers[n]).toBeGreaterThanOrEqual(opened);
  // A writer that got the answer of another request would have had to run again.
  expect(runs).toBe(writes.length);
  expect(await store.get(counters, writes.map(String))).toEqual(writes.map((n) => ({ n })));
});

it('deletes no more than it is asked to, also when that takes several steps', async () => {
  const store = await openTestStore();
  for (let from = 0; from < 1200; from += 300)
    await store.transact(async (tx) => {
      for (let n = from; n < from + 300; n++) tx.set(others, String(n), { n });
      await Promise.resolve();
    });
  expect(await store.deleteAll(others, { limit: 600 })).toBe(600);
  expect(await store.deleteAll(others, {})).toBe(600);
});

describe('an engine', () => {
  const PAUSE = 7;
  const GIVE_UP = 100; // each further try of the locked file waits 50 ms
  let directory: string;
  let file: string;
  let engine: Engine;
  const timers = manualTimers();
  let sent: EngineMessage[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'engine-'));
    file = join(directory, 'store.sqlite');
    sent = [];
    engine = new Engine({
      ...{ file, timers, random: { ...machine.random, below: () => PAUSE } },
      clocks: clocksOf(simulatedClock(unixMillis(1_600_000_000_000))),
      ...{ housekeepingEvery: 1_000_000, sweeps: false, giveUpAfter: GIVE_UP },
      send: (message) => sent.push(message),
    });
  });
  afterEach(() => {
    accept({ kind: 'close' });
    rmSync(directory, { recursive: true });
  });

  const accept = (...requests: readonly Request[]): void => {
    engine.accept(requests.map((request, id) => ({ id, request })));
  };
  /** The kinds of the responses, message by message. */
  const kinds = (): string[][] =>
    sent.map(({ responses }) => responses.map(({ response }) => response.kind));

  const collectionOfNumbers = 0;
  const declare = { kind: 'declare', collection: 0, layout: counters.layout } as const;
  const page = { kind: 'page', collection: collectionOfNumbers, query: {} } as const;
  const get = { kind: 'get', collection: collectionOfNumbers, ids: ['a'] } as const;
  const reads = { now: 0, floors: [], documents: [], queries: [] };
  const commit = { kind: 'commit', reads, writes: [] } as const;

  it('leaves no timer when it is closed', () => {
    expect(timers.waiting).toBe(1);
    accept({ kind: 'close' });
    expect(timers.waiting).toBe(0);
  });

  it('sends a page at once, and short responses together', () => {
    accept(declare, get, page, get, get);
    expect(kinds()).toEqual([
      ['done', 'rows', 'page'],
      ['rows', 'rows'],
    ]);
  });

  it('sends many rows at once too', () => {
    const many = { ...get, ids: Array.from({ length: 32 }, (_, n) => String(n)) };
    accept(declare, many, get, { ...many, ids: many.ids.slice(1) });
    expect(kinds()).toEqual([
      ['done', 'rows'],
      ['rows', 'rows'],
    ]);
  });

  it('answers all commits that wait in one message, and what waits between them in its turn', async () => {
    accept(commit, commit, commit, { kind: 'now' }, commit);
    await timers.advance(0);
    await timers.advance(0);
    expect(kinds()).toEqual([['committed', 'committed', 'committed'], ['time'], ['committed']]);
  });

  it('tries again after a random pause while another process has the lock', async () => {
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    accept(commit);
    await timers.advance(0);
    other.exec('ROLLBACK');
    await timers.advance(PAUSE);
    expect(kinds()).toEqual([]);
    expect(engine.isIdle()).toBe(false);
    await timers.advance(1);
    expect(kinds()).toEqual([['committed']]);
    expect(engine.isIdle()).toBe(true);
    other.close();
  });

  it('gives up what has waited for too long, and nothing that came later', async () => {
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    accept(commit);
    await timers.advance(GIVE_UP - 1);
    accept(commit);
    await timers.advance(1 + PAUSE);
    await timers.advance(1 + PAUSE);
    expect(kinds()).toEqual([['fault']]);
    other.exec('ROLLBACK');
    other.close();
    await timers.advance(1 + PAUSE);
    expect(kinds()).toEqual([['fault'], ['committed']]);
  });
});
