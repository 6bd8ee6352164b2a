import { machine } from '../../../test/support/machine.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentStoreContract } from '@keyserver/docstore/testing';
import { simulatedClock, unixMillis } from '@keyserver/time';
import { startInThread } from './connection.ts';
import { openSqliteStore } from './store.ts';

/*
 * The contract as services have it, with a thread for each store. To start one for each test takes four seconds of a processor,
 * so the fast tests run the engine in their own thread or in two processes, and start single threads where they are about them.
 */
const clock = simulatedClock(unixMillis(Date.parse('2021-05-04T10:17:00Z')));
const root = mkdtempSync(join(tmpdir(), 'docstore-'));
let files = 0;
afterAll(() => {
  rmSync(root, { recursive: true });
});

documentStoreContract('SQLite on disk, in a thread of its own', {
  open: async () =>
    await openSqliteStore({
      ...{ ...machine, file: join(root, `${String(++files)}.sqlite`), clock },
      startEngine: startInThread,
    }),
  advance: (ms) => {
    clock.advance(ms);
  },
});
