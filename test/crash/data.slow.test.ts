import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DocumentStore } from '@keyserver/docstore';
import { openSqliteStore } from '@keyserver/sqlite';
import { verifyData } from '@keyserver/data-transfer';
import { seededRandom } from '@keyserver/random/testing';
import {
  contentOf,
  put,
  someDocuments,
} from '../../libs/data-transfer/src/testing/stored-documents.ts';

const ROUNDS = process.env['SOAK'] === '1' ? 30 : 3;
const DOCUMENTS = 8000;
const SEED = process.env['KILL_SEED'] ?? randomUUID();
const SHORTEST_LIFE_MS = 400;
const LONGER_EACH_TIME_MS = 400;
const CLI = join(import.meta.dirname, '../../tools/keyserver/src/main.ts');
const MAKE_STORE = join(import.meta.dirname, 'make-store.ts');
const FROM_SOURCE = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
const SECRET = 'keys/key-hash.secret';

const start = (args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [...FROM_SOURCE, CLI, 'data', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });

const random = seededRandom(SEED);

/** Starts a command again and again, killing it earlier or later, until it ends by itself; how often, and its exit code. */
async function killedUntilDone(args: readonly string[]): Promise<{ kills: number; code: number }> {
  for (let kills = 0; ; kills++) {
    const child = start(args);
    const life = SHORTEST_LIFE_MS + random.below(1 + kills * LONGER_EACH_TIME_MS);
    const timer = setTimeout(() => child.kill('SIGKILL'), life);
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    clearTimeout(timer);
    if (code !== null) return { kills, code };
  }
}

describe(`data that is moved by processes which are killed, ${ROUNDS} times`, () => {
  let directory = '';
  const at = (name: string): string => join(directory, name);
  const opened: DocumentStore[] = [];
  const open = async (name: string): Promise<DocumentStore> => {
    const store = await openSqliteStore({ file: join(at(name), 'keyserver.sqlite') });
    opened.push(store);
    return store;
  };
  /** A directory as an operator prepares it for an import: nothing in it but the secret of the source. */
  const prepare = async (target: string): Promise<void> => {
    await mkdir(join(at(target), 'keys'), { recursive: true, mode: 0o700 });
    await copyFile(join(at('source'), SECRET), join(at(target), SECRET));
  };

  beforeAll(async () => {
    process.stderr.write(`KILL_SEED=${SEED}\n`);
    directory = await mkdtemp(join(tmpdir(), 'keyserver-move-'));
    // As a first start does: no command opens a database whose secret is missing beside it.
    await promisify(execFile)(process.execPath, [...FROM_SOURCE, MAKE_STORE, at('source')]);
    // Without keys, which the secret would not find; and of documents that do not expire meanwhile.
    const documents = someDocuments(DOCUMENTS).map(({ value, ...one }) => ({
      ...one,
      value: {
        ...value,
        ...('records' in value ? { records: new Uint8Array(0) } : {}),
        ...('expireAt' in value ? { expireAt: 2 ** 45 } : {}),
      },
    }));
    await put(await open('source'), documents);
  });
  afterAll(async () => {
    for (const store of opened) await store.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('arrives as it was, with nothing lost, doubled or half', async () => {
    let kills = 0;
    const wanted = await contentOf(opened[0]!);
    for (let round = 0; round < ROUNDS; round++) {
      const [files, target] = [at(`files-${round}`), `target-${round}`];
      await prepare(target);
      const exported = await killedUntilDone(['export', '--data-dir', at('source'), '--to', files]);
      const into = ['import', '--from', files, '--data-dir', at(target)];
      const imported = await killedUntilDone(into);
      expect([exported.code, imported.code]).toEqual([0, 0]);
      kills += exported.kills + imported.kills;
      const store = await open(target);
      expect((await verifyData(store, { directory: files })).kind).toBe('equal');
      expect(await contentOf(store)).toEqual(wanted);
    }
    expect(kills).toBeGreaterThan(ROUNDS);
  });
});
