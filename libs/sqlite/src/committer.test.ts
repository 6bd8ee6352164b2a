import { collection, ints } from '@keyserver/docstore';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ArrayIndex } from './array-index.ts';
import { Committer } from './committer.ts';
import { Database } from './database.ts';
import { Housekeeper } from './housekeeper.ts';
import { machineClocks } from './machine-clocks.ts';
import { StoreTime } from './store-time.ts';

const tagged = collection({ name: 'tagged', fields: { tags: ints() }, arrayIndex: 'tags' });

class WatchedIndex extends ArrayIndex {
  forgotten = 0;
  override forget(): void {
    this.forgotten++;
    super.forget();
  }
}

it('keeps its indexes in memory while another process has the lock', () => {
  const directory = mkdtempSync(join(tmpdir(), 'docstore-'));
  const database = new Database(join(directory, 'store.sqlite'));
  const { table } = database.open(tagged.layout);
  const array = new WatchedIndex(database.db, table, { hot: 1, fanIn: 2, lastLevel: 2 });
  array.add([1, 2], 1);
  const collections = new Map([[0, { table, array }]]);
  const time = new StoreTime(database, machineClocks());
  const committer = new Committer(database, collections, time);
  const settings = { time, every: 60_000, report: () => undefined };
  const housekeeper = new Housekeeper(database, collections, settings);
  const other = new DatabaseSync(join(directory, 'store.sqlite'));
  other.exec('BEGIN IMMEDIATE');
  expect(() => committer.commit([])).toThrow('locked');
  housekeeper.afterCommit();
  expect(array.forgotten).toBe(0);
  housekeeper.stop();
  other.close();
  database.close();
  rmSync(directory, { recursive: true });
});
