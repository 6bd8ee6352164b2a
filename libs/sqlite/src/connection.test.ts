import { machine } from '../../../test/support/machine.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StoreFault, collection, int } from '@keyserver/docstore';
import { type EngineLink, type StartEngine, startInThread } from './connection.ts';
import { openSqliteStore } from './store.ts';

const counters = collection({ name: 'counters', fields: { n: int() } });

let directory: string;
const open: Awaited<ReturnType<typeof openSqliteStore>>[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'docstore-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

it('tells that the thread of an engine has failed, and answers nothing more', async () => {
  let link: EngineLink | undefined;
  const startEngine: StartEngine = (...how) => (link = startInThread(...how));
  const lost = await new Promise<StoreFault>((resolve, reject) => {
    openSqliteStore({
      ...machine,
      file: join(directory, 'a.sqlite'),
      startEngine,
      onLost: resolve,
    }).then((opened) => {
      open.push(opened);
      link?.send('nothing that an engine understands' as never);
    }, reject);
  });
  expect(lost).toMatchObject({ code: 'unavailable', message: 'the database worker failed' });
  await expect(open[0]?.get(counters, ['c'])).rejects.toBe(lost);
  await open[0]?.close();
});

it('does not call a store lost that was closed, or that could not be opened', async () => {
  const heard: StoreFault[] = [];
  const onLost = (fault: StoreFault): void => {
    heard.push(fault);
  };
  const store = await openSqliteStore({ ...machine, file: join(directory, 'a.sqlite'), onLost });
  await store.close();
  const opening = openSqliteStore({ ...machine, file: join(directory, 'no', 'directory'), onLost });
  await expect(opening).rejects.toMatchObject({ code: 'unavailable' });
  expect(heard).toEqual([]);
});
