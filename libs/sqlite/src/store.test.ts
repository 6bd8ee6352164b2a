import { machine } from '../../../test/support/machine.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentStoreContract } from '@keyserver/docstore/testing';
import { simulatedClock, unixMillis } from '@keyserver/time';
import { alternatingStore } from './testing/alternating-store.ts';
import { startInProcess } from './testing/engine-in-process.ts';
import { startHostProcess } from './testing/host-process.ts';
import { openSqliteStore } from './store.ts';

const clock = simulatedClock(unixMillis(Date.parse('2021-05-04T10:17:00Z')));
const advance = (ms: number): void => {
  clock.advance(ms);
};

documentStoreContract('SQLite in memory, in the thread of the test', {
  open: async () =>
    await openSqliteStore({ ...machine, file: ':memory:', clock, startEngine: startInProcess }),
  advance,
});

const root = mkdtempSync(join(tmpdir(), 'docstore-'));
let files = 0;
afterAll(() => {
  rmSync(root, { recursive: true });
});

documentStoreContract('SQLite on disk, in the thread of the test', {
  open: async () =>
    await openSqliteStore({
      ...{ ...machine, file: join(root, `${String(++files)}.sqlite`), clock },
      startEngine: startInProcess,
    }),
  advance,
});

const hosts = [startHostProcess(clock), startHostProcess(clock)];
afterAll(() => {
  for (const host of hosts) host.stop();
});

documentStoreContract('SQLite on disk, from two processes in turn', {
  open: async () => {
    const file = join(root, `${String(++files)}.sqlite`);
    const [one, other] = await Promise.all(
      hosts.map(
        async ({ startEngine }) => await openSqliteStore({ ...machine, file, clock, startEngine }),
      ),
    );
    if (one === undefined || other === undefined) throw new Error('two processes were started');
    return alternatingStore(one, other);
  },
  advance,
});
