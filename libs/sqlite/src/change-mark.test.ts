import { machine } from '../../../test/support/machine.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { collection, int } from '@keyserver/docstore';
import { simulatedClock, unixMillis } from '@keyserver/time';
import { ChangeMark } from './change-mark.ts';
import { type SqliteDocumentStore, openSqliteStore } from './store.ts';

const things = collection({ name: 'things', fields: { n: int() } });
const root = mkdtempSync(join(tmpdir(), 'change-mark-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});
const clock = simulatedClock(unixMillis(Date.parse('2021-05-04T10:17:00Z')));
const open = async (file: string) =>
  await openSqliteStore({ ...machine, file, clock, housekeepingEveryMs: 3_600_000 });
const write = async (store: SqliteDocumentStore, n: number): Promise<void> => {
  await store.transact(async (tx) => {
    tx.set(things, 'one', { n });
    await Promise.resolve();
  });
};

it('is another one after any commit of any process, and the same until then', async () => {
  const file = join(root, 'two.sqlite');
  const [one, other] = await Promise.all([open(file), open(file)]);
  await write(one, 0);
  for (const writer of [one, other, other, one]) {
    const before = one.changeMark?.();
    expect(before).toBeDefined();
    await one.get(things, ['one']);
    expect(one.changeMark?.()).toBe(before);
    await write(writer, 1);
    expect(one.changeMark?.()).not.toBe(before);
  }
  await Promise.all([one.close(), other.close()]);
});

it('is unknown while the database cannot be read, and for one in memory', async () => {
  const file = join(root, 'locked.sqlite');
  const db = new DatabaseSync(file);
  db.exec('CREATE TABLE things (n)');
  const mark = new ChangeMark(file);
  expect(mark.now()).toBeDefined();
  db.exec('BEGIN EXCLUSIVE');
  expect(mark.now()).toBeUndefined();
  db.exec('ROLLBACK');
  expect(mark.now()).toBeDefined();
  mark.close();
  db.close();
  const inMemory = await open(':memory:');
  expect(inMemory.changeMark?.()).toBeUndefined();
  await inMemory.close();
});
