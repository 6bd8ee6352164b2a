import { machine } from '../../../test/support/machine.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StoreFault, collection, int } from '@keyserver/docstore';
import { type EngineLink, type StartEngine, startInThread } from './connection.ts';
import { openSqliteStore } from './store.ts';
import { startInProcess } from './testing/engine-in-process.ts';
import { closeTestStores, openTestStore } from './testing/test-store.ts';

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
  const open = async (...path: readonly string[]) =>
    await openSqliteStore({
      ...{ ...machine, file: join(directory, ...path), startEngine: startInThread, onLost },
    });
  await (await open('a.sqlite')).close();
  const opening = open('no', 'directory');
  await expect(opening).rejects.toMatchObject({ code: 'unavailable' });
  expect(heard).toEqual([]);
});

it('is asked for no page for which a limit leaves nothing', async () => {
  const asked: string[] = [];
  const startEngine: StartEngine = (settings, listener) => {
    const { send } = startInProcess(settings, listener);
    return {
      send: (batch) => {
        asked.push(...batch.map(({ request }) => request.kind));
        send(batch);
      },
    };
  };
  const store = await openTestStore({ startEngine });
  await store.transact(async (tx) => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) tx.set(counters, id, { n: 1 });
    await Promise.resolve();
  });
  const found: number[] = [];
  for await (const page of store.pages(counters, { limit: 4 }, 2)) found.push(page.length);
  expect(found).toEqual([2, 2]);
  expect(asked.filter((kind) => kind === 'page')).toHaveLength(2);
  await closeTestStores();
});
