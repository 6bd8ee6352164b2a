import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentStoreContract } from '@keyserver/docstore/testing';
import { simulatedClock, unixMillis } from '@keyserver/time';
import { openSqliteStore } from './store.ts';

const clock = simulatedClock(unixMillis(Date.parse('2021-05-04T10:17:00Z')));
const advance = (ms: number): void => {
  clock.advance(ms);
};

documentStoreContract('SQLite in memory', {
  open: async () => await openSqliteStore({ file: ':memory:', clock }),
  advance,
});

const root = mkdtempSync(join(tmpdir(), 'docstore-'));
let files = 0;
afterAll(() => {
  rmSync(root, { recursive: true });
});

documentStoreContract('SQLite on disk', {
  open: async () => await openSqliteStore({ file: join(root, `${String(++files)}.sqlite`), clock }),
  advance,
});
