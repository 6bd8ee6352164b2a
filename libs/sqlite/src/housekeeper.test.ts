import { machine } from '../../../test/support/machine.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type DocumentStore, collection, int } from '@keyserver/docstore';
import {
  HOUR,
  type SimulatedClock,
  type TimerOptions,
  type Timers,
  nextTurn,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { startInProcess } from './testing/engine-in-process.ts';
import { Database } from './database.ts';
import { Housekeeper } from './housekeeper.ts';
import { clocksOf } from './machine-clocks.ts';
import type { HousekeepingFault } from './protocol.ts';
import { StoreTime } from './store-time.ts';
import { databaseSettings } from './testing/database-settings.ts';
import { type SqliteSettings, openSqliteStore } from './store.ts';

const START = unixMillis(Date.parse('2021-05-04T10:17:00Z'));
const passing = collection({ name: 'passing', fields: { expireAt: int() }, expiry: 'expireAt' });
const counters = collection({ name: 'counters', fields: { n: int() } });

let directory: string;
let file: string;
let clock: SimulatedClock;
const open: DocumentStore[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'docstore-'));
  file = join(directory, 'store.sqlite');
  clock = simulatedClock(START);
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  rmSync(directory, { recursive: true });
});

const opened = async (settings: Partial<SqliteSettings> = {}): Promise<DocumentStore> => {
  const of = { file, clock, housekeepingEveryMs: 2, startEngine: startInProcess };
  const store = await openSqliteStore({
    ...machine,
    ...of,
    sweeps: true,
    ...settings,
  });
  open.push(store);
  return store;
};

const fail = (): never => {
  throw new Error('nothing fails');
};

const putTwo = async (store: DocumentStore): Promise<void> => {
  await store.transact(async (tx) => {
    tx.set(passing, 'early', { expireAt: START + HOUR });
    tx.set(passing, 'late', { expireAt: START + 3 * HOUR });
    await Promise.resolve();
  });
};

const idsIn = async (store: DocumentStore): Promise<string[]> => {
  const ids: string[] = [];
  for await (const page of store.pages(passing, {})) ids.push(...page.map(({ id }) => id));
  return ids;
};

describe('housekeeping', () => {
  it('deletes what has expired by itself', async () => {
    const store = await opened();
    await putTwo(store);
    clock.advance(2 * HOUR);
    await store.now();
    let left = await idsIn(store);
    while (left.length > 1) left = await idsIn(store);
    expect(left).toEqual(['late']);
  });

  it('deletes from collections that only other processes open', async () => {
    const one = await opened();
    await putTwo(one);
    await one.close();
    open.length = 0;
    const other = await opened();
    clock.advance(2 * HOUR);
    const reader = new DatabaseSync(file, { readOnly: true });
    const count = reader.prepare('SELECT count(*) AS n FROM passing');
    while (count.get()?.['n'] !== 1) await other.now();
    reader.close();
    expect(await idsIn(other)).toEqual(['late']);
  });

  it('deletes nothing in a process that is not to, such as a command', async () => {
    const store = await openSqliteStore({
      ...machine,
      ...{ file, clock, housekeepingEveryMs: 1, startEngine: startInProcess },
    });
    open.push(store);
    await putTwo(store);
    clock.advance(2 * HOUR);
    const swept = await opened({ file: join(directory, 'another.sqlite') });
    await putTwo(swept);
    clock.advance(2 * HOUR);
    while ((await idsIn(swept)).length > 0) await swept.now();
    expect(await idsIn(store)).toEqual(['early', 'late']);
  });

  it('reports a piece that fails once, goes on with the others, and tells when it is over', async () => {
    const heard: (readonly HousekeepingFault[])[] = [];
    const onHousekeeping = (faults: readonly HousekeepingFault[]): number => heard.push(faults);
    const store = await opened({ onHousekeeping, giveUpAfterMs: 500 });
    await putTwo(store);
    const other = new DatabaseSync(file);
    other.exec(`CREATE TRIGGER kept BEFORE DELETE ON passing BEGIN SELECT RAISE(ABORT, ''); END`);
    clock.advance(2 * HOUR);
    while (heard.length === 0) await store.now();
    const SQLITE_CONSTRAINT_TRIGGER = 1811;
    const fault = { task: 'sweep', collection: 'passing', code: SQLITE_CONSTRAINT_TRIGGER };
    expect(heard).toEqual([[fault]]);
    expect(await idsIn(store)).toEqual(['early', 'late']);
    other.exec('DROP TRIGGER kept');
    other.close();
    while (heard.length === 1) await store.now();
    expect(heard).toEqual([[fault], []]);
    expect(await idsIn(store)).toEqual(['late']);
  });

  it('keeps watch over the clock, by a timer that keeps no process alive', async () => {
    const pauses: (TimerOptions | undefined)[] = [];
    const timers: Timers = {
      ...machine.timers,
      after: (ms, then, options) => {
        pauses.push(options);
        return machine.timers.after(ms, then, options);
      },
    };
    const database = new Database(file, databaseSettings);
    const time = new StoreTime(database, clocksOf(clock));
    const housekeeper = new Housekeeper(database, {
      ...{ time, timers, every: 1, sweeps: false, report: fail },
    });
    const before = database.anchor();
    while (database.anchor().uptime === before.uptime) await nextTurn();
    housekeeper.stop();
    database.close();
    expect(pauses.every((options) => options?.unref === true)).toBe(true);
  });

  it('is no fault while another process has the write lock', async () => {
    const heard: (readonly HousekeepingFault[])[] = [];
    const onHousekeeping = (faults: readonly HousekeepingFault[]): number => heard.push(faults);
    const store = await opened({ onHousekeeping, giveUpAfterMs: 500 });
    await putTwo(store);
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    clock.advance(2 * HOUR);
    await expect(store.now()).rejects.toMatchObject({ code: 'contended' });
    other.exec('ROLLBACK');
    other.close();
    await store.get(counters, ['c']);
    expect(heard).toEqual([]);
  });
});
