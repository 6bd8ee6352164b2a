import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collection, ints, text } from '@keyserver/docstore';
import { databaseSettings } from './testing/database-settings.ts';
import { Database } from './database.ts';

const notes = collection({ name: 'notes', fields: { text: text() } });
const SECRET = 'a sentence that nobody may find again';

let directory: string;
let database: Database;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'docstore-'));
  database = new Database(join(directory, 'store.sqlite'), databaseSettings);
});
afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true });
});

// https://www.sqlite.org/pragma.html: synchronous 2 is FULL, secure_delete 1 is ON.
it.each([
  ['synchronous', 2],
  ['secure_delete', 1],
  ['journal_mode', 'wal'],
  ['user_version', 2],
])('has SQLite work with %s = %p', (pragma, value) => {
  expect(database.db.prepare(`PRAGMA ${pragma}`).get()).toEqual({
    [pragma]: value,
  });
});

it('maps as much of its files as it is told, so that its memory does not grow with them', () => {
  const searched = collection({ name: 'searched', fields: { of: ints() }, arrayIndex: 'of' });
  const bounded = new Database(join(directory, 'bounded.sqlite'), {
    ...databaseSettings,
    mappedBytes: 2 ** 16,
  });
  bounded.open(searched.layout);
  for (const file of ['main', 'arrays'])
    expect(bounded.db.prepare(`PRAGMA ${file}.mmap_size`).get()).toEqual({ mmap_size: 2 ** 16 });
  bounded.close();
});

it('leaves no byte of a deleted document in its file', () => {
  const table = database.open(notes.layout);
  const put = (id: string, words: string): void => {
    const body = notes.codec.encode({ text: words });
    table.set(id, { body, indexed: [], array: [], expires: null }, 1);
  };
  for (let n = 0; n < 5; n++) put(`kept-${String(n)}`, 'a sentence to keep');
  put('secret', SECRET);
  expect(inFile()).toContain(SECRET);
  table.delete('secret');
  expect(inFile()).not.toContain(SECRET);
  expect(inFile()).toContain('a sentence to keep');
});

/** The database file, once everything has gone there from the write-ahead file. */
function inFile(): string {
  database.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  return readFileSync(join(directory, 'store.sqlite'), 'latin1');
}
