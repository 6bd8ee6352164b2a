import { machine } from '../../../test/support/machine.ts';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import {
  type DocumentStore,
  collection,
  int,
  ints,
  json,
  optional,
  text,
} from '@keyserver/docstore';
import { DAY, simulatedClock, unixMillis } from '@keyserver/time';
import { startInProcess } from './testing/engine-in-process.ts';
import { startInThread } from './connection.ts';
import { openSqliteStore } from './store.ts';

const counters = collection({ name: 'counters', fields: { n: int() } });
const START = unixMillis(Date.parse('2021-05-04T10:17:00Z'));

let directory: string;
let file: string;
const open: DocumentStore[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'docstore-'));
  file = join(directory, 'store.sqlite');
});
afterEach(async () => {
  await Promise.all(
    open.splice(0).map(async (store) => {
      await store.close();
    }),
  );
  rmSync(directory, { recursive: true });
});

const opened = async (
  settings: Partial<Parameters<typeof openSqliteStore>[0]> = {},
): Promise<DocumentStore> => {
  const store = await openSqliteStore({
    ...machine,
    file,
    startEngine: startInProcess,
    ...settings,
  });
  open.push(store);
  return store;
};

const DOCSTORE = pathToFileURL(join(process.cwd(), 'libs/docstore/src/index.ts')).href;
const STORE = pathToFileURL(join(process.cwd(), 'libs/sqlite/src/store.ts')).href;

const MACHINE = pathToFileURL(join(process.cwd(), 'test/support/machine.ts')).href;

/** Runs a program in a process of its own, with the store in `store`; resolves with its exit code. */
async function inProcess(program: string): Promise<number | null> {
  const source = `
    const { collection, int, ints, text } = await import('${DOCSTORE}');
    const { openSqliteStore } = await import('${STORE}');
    const { machine } = await import('${MACHINE}');
    const store = await openSqliteStore({ ...machine, file: ${JSON.stringify(file)} });
    const counters = collection({ name: 'counters', fields: { n: int() } });
    const claims = collection({ name: 'claims', fields: { key: ints(), by: text() }, arrayIndex: 'key' });
    ${program}
    await store.close();`;
  const child = spawn(
    join(process.cwd(), 'node_modules/.bin/node'),
    ['--conditions=source', '--input-type=module', '-e', source],
    { stdio: 'inherit' },
  );
  return await new Promise((resolve) => child.on('exit', resolve));
}

describe('SQLite store', () => {
  it('keeps what it acknowledged when it is opened again', async () => {
    const first = await opened({ startEngine: startInThread });
    await first.transact(async (tx) => {
      tx.set(counters, 'c', { n: 7 });
      await Promise.resolve();
    });
    await first.close();
    open.length = 0;
    const second = await opened({ startEngine: startInThread });
    expect(await second.get(counters, ['c'])).toEqual([{ n: 7 }]);
  });

  it('loses no update of several processes', async () => {
    const add = `for (let n = 0; n < 40; n++) await store.transact(async (tx) => {
      const [c] = await tx.get(counters, ['c']);
      tx.set(counters, 'c', { n: (c?.n ?? 0) + 1 });
    });`;
    const codes = await Promise.all([inProcess(add), inProcess(add), inProcess(add)]);
    expect(codes).toEqual([0, 0, 0]);
    expect(await (await opened()).get(counters, ['c'])).toEqual([{ n: 120 }]);
  });

  it('lets one of several processes create what all of them looked for', async () => {
    const claim = `for (let n = 0; n < 60; n++) await store.transact(async (tx) => {
      const found = await tx.find(claims, { containsAny: { field: 'key', values: [n] } });
      if (found.length === 0) tx.create(claims, n + '-' + process.pid, { key: [n], by: String(process.pid) });
    });`;
    expect(await Promise.all([inProcess(claim), inProcess(claim)])).toEqual([0, 0]);
    const claims = collection({
      name: 'claims',
      fields: { key: ints(), by: text() },
      arrayIndex: 'key',
    });
    const store = await opened();
    const keys: number[] = [];
    for await (const page of store.pages(claims, {}))
      keys.push(...page.flatMap(({ value }) => value.key));
    expect(keys.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n));
  });

  it('never lets store time go back, across restarts with a clock that did', async () => {
    const before = await opened({ clock: simulatedClock(START) });
    const first = await before.now();
    const after = await opened({ clock: simulatedClock(unixMillis(START - 20_000)) });
    expect(await after.now()).toBe(first);
  });

  it('writes and deletes nothing with a clock more than 30 s behind store time, but reads', async () => {
    const right = await opened({ clock: simulatedClock(START) });
    await right.transact(async (tx) => {
      tx.set(counters, 'c', { n: 7 });
      await Promise.resolve();
    });
    const behind = await opened({ clock: simulatedClock(unixMillis(START - 31_000)) });
    const doubted = { name: 'StoreFault', code: 'clock' };
    const writing = behind.transact(async (tx) => {
      tx.set(counters, 'c', { n: 8 });
      await Promise.resolve();
    });
    await expect(writing).rejects.toMatchObject(doubted);
    await expect(behind.deleteAll(counters, {})).rejects.toMatchObject(doubted);
    await expect(behind.now()).rejects.toMatchObject(doubted);
    expect(await behind.get(counters, ['c'])).toEqual([{ n: 7 }]);
  });

  it('runs a transaction again that was told a time of a clock which jumped for a moment', async () => {
    const clock = simulatedClock(START);
    const store = await opened({ clock });
    const told: number[] = [];
    clock.jump(20 * DAY);
    await store.transact(async (tx) => {
      await tx.get(counters, ['c']);
      told.push(tx.now);
      clock.set(START);
      tx.set(counters, 'c', { n: 1 });
    });
    expect(told).toEqual([START + 20 * DAY, START]);
    expect(await store.now()).toBe(START);
  });

  it('says so when its file is no database', async () => {
    await expect(
      openSqliteStore({
        ...machine,
        file: join(directory, 'no', 'such', 'directory'),
        startEngine: startInThread,
      }),
    ).rejects.toMatchObject({
      name: 'StoreFault',
      code: 'unavailable',
    });
  });

  it('answers contended, in bounded time, while another process keeps the write lock', async () => {
    const store = await opened({ giveUpAfterMs: 50 });
    await store.now();
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    await expect(store.now()).rejects.toMatchObject({ code: 'contended' });
    other.exec('ROLLBACK');
    other.close();
    expect(await store.now()).toBeGreaterThan(0);
  });

  it('brings a collection to new indexes and keeps its documents', async () => {
    const fields = { city: text(), age: int() };
    const before = await opened();
    const old = collection({ name: 'people', fields, indexes: [['age']] });
    await before.transact(async (tx) => {
      tx.set(old, 'a', { city: 'Bern', age: 3 });
      tx.set(old, 'b', { city: 'Aarau', age: 9 });
      await Promise.resolve();
    });
    await before.close();
    open.length = 0;
    const after = await opened();
    const now = collection({ name: 'people', fields, indexes: [['city'], ['age']] });
    const found: string[] = [];
    for await (const page of after.pages(now, { order: { by: 'city' } }))
      found.push(...page.map(({ id }) => id));
    expect(found).toEqual(['b', 'a']);
    expect(await after.get(now, ['a'])).toEqual([{ city: 'Bern', age: 3 }]);
  });

  it('takes fields out of the documents of a collection that has them no longer, wherever they stand', async () => {
    const before = await opened();
    const old = collection({
      name: 'people',
      fields: {
        ...{ city: text(), turn: text(), age: int(), notes: json((value) => value) },
        ...{ left: optional(int()) },
      },
      indexes: [['city', 'age'], ['turn']],
    });
    await before.transact(async (tx) => {
      tx.set(old, 'a', { city: 'Bern', turn: '7', age: 3, notes: { x: [1] }, left: 4 });
      tx.set(old, 'b', { city: 'Aarau', turn: '8', age: 9, notes: null });
      await Promise.resolve();
    });
    await before.close();
    open.length = 0;
    const after = await opened();
    const now = collection({
      name: 'people',
      fields: {
        ...{ city: text(), age: int(), notes: json((value) => value), since: optional(int()) },
      },
      indexes: [['city', 'age'], ['age']],
    });
    const found: unknown[] = [];
    for await (const page of after.pages(now, { order: { by: 'age' } })) found.push(...page);
    expect(found).toEqual([
      { id: 'a', value: { city: 'Bern', age: 3, notes: { x: [1] } } },
      { id: 'b', value: { city: 'Aarau', age: 9, notes: null } },
    ]);
  });

  it('brings a collection to new indexes again and again, and leaves no copy of its documents', async () => {
    const fields = { city: text(), age: int() };
    const person = { city: 'Bern', age: 3 };
    for (const indexes of [[['age']], [['city']], [['age']]] as const) {
      const store = await opened();
      const people = collection({ name: 'people', fields, indexes });
      await store.transact(async (tx) => {
        tx.set(people, 'a', person);
        await Promise.resolve();
      });
      expect(await store.get(people, ['a'])).toEqual([person]);
      await open.pop()?.close();
    }
    const db = new DatabaseSync(file);
    const tables = db.prepare(`SELECT name FROM sqlite_master WHERE name GLOB 'people*'`).all();
    db.close();
    expect(tables.map(({ name }) => name).sort()).toEqual(['people', 'people#id']);
  });

  it('refuses a layout that the stored documents do not fit, and keeps them', async () => {
    const before = await opened();
    const old = collection({ name: 'people', fields: { age: int() } });
    await before.transact(async (tx) => {
      tx.set(old, 'a', { age: 3 });
      await Promise.resolve();
    });
    await before.close();
    open.length = 0;
    const after = await opened();
    const unfit = collection({
      name: 'people',
      fields: { age: int(), city: text() },
      indexes: [['city']],
    });
    await expect(after.get(unfit, ['a'])).rejects.toThrow('stored document lacks city');
    expect(await (await opened()).get(old, ['a'])).toEqual([{ age: 3 }]);
  });

  it('goes on with the other collections when one cannot be opened, and tries that one again', async () => {
    const people = collection({ name: 'people', fields: { city: text() }, indexes: [['city']] });
    const store = await opened();
    await store.get(counters, ['c']);
    const other = new DatabaseSync(file);
    other.exec('CREATE TABLE people (id TEXT)');
    await expect(store.get(people, ['a'])).rejects.toMatchObject({ code: 'damaged' });
    const tags = collection({ name: 'tags', fields: { tags: ints() }, arrayIndex: 'tags' });
    await store.transact(async (tx) => {
      await tx.get(counters, ['c']);
      tx.create(tags, 't', { tags: [1] });
    });
    expect(await store.get(tags, ['t'])).toEqual([{ tags: [1] }]);
    other.exec('DROP TABLE people');
    other.close();
    expect(await store.get(people, ['a'])).toEqual([undefined]);
  });

  it('indexes the documents of a collection anew when another field becomes its array', async () => {
    const fields = { before: ints(), after: ints() };
    const old = collection({ name: 'tagged', fields, arrayIndex: 'before' });
    const first = await opened();
    await first.transact(async (tx) => {
      tx.create(old, '0', { before: [1, 2], after: [100_001] });
      tx.create(old, '1', { before: [100_001], after: [3] });
      await Promise.resolve();
    });
    await first.close();
    open.length = 0;
    const now = collection({ name: 'tagged', fields, arrayIndex: 'after' });
    const found: string[] = [];
    const store = await opened();
    const query = { containsAny: { field: 'after', values: [100_001] } } as const;
    for await (const page of store.pages(now, query)) found.push(...page.map(({ id }) => id));
    expect(found).toEqual(['0']);
  });
});
