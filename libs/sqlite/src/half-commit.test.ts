import { machine } from '../../../test/support/machine.ts';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DocumentStore } from '@keyserver/docstore';
import { missingCommits } from './commit-witness.ts';
import { checkArrayIndexes } from './rebuild-array-index.ts';
import { type SqliteDocumentStore, openSqliteStore } from './store.ts';
import { startInProcess } from './testing/engine-in-process.ts';
import {
  type UntilFault,
  findKeys,
  keysOf,
  upload,
  uploads,
} from './testing/upload-until-fault.ts';

const PROGRAM = join(import.meta.dirname, 'testing/upload-until-fault.ts');
const NODE = join(process.cwd(), 'node_modules/.bin/node');
/**
 * Blocks of 512 or 1024 bytes, as the shell has it. The write-ahead file of the index grows several times faster than that of the
 * database, so it alone comes to the limit: the commit of the second file fails after that of the first one.
 */
const LIMIT = 4000;

let root = '';
let file = '';
let store: SqliteDocumentStore | undefined;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keyserver-half-'));
  file = join(root, 'data.sqlite');
});
afterEach(async () => {
  await store?.close();
  await rm(root, { recursive: true, force: true });
});

/** Stores uploads in a process whose files may not grow beyond the limit, until one fails. */
async function untilFault(): Promise<UntilFault> {
  const node = [NODE, '--conditions=source', '--disable-warning=ExperimentalWarning'];
  const limited = `ulimit -f ${String(LIMIT)}; exec "$@"`;
  const { stdout } = await promisify(execFile)('sh', ['-c', limited, 'sh', ...node, PROGRAM, file]);
  return JSON.parse(stdout) as UntilFault;
}

const idsOf = async (from: DocumentStore): Promise<readonly string[]> => {
  const ids: string[] = [];
  for await (const page of from.pages(uploads, {})) ids.push(...page.map(({ id }) => id));
  return ids;
};

describe('a commit that fails after the database, before the array index', () => {
  it('is a fault although its document is stored, and stays one while the index cannot be written', async () => {
    const { acknowledged, code, isThere, again, made } = await untilFault();
    expect(acknowledged).toBeGreaterThan(0);
    expect(['unavailable', 'full']).toContain(code);
    expect(isThere).toBe(true);
    expect(again).toBe(code);
    expect(made).toEqual([]);
  });

  it('loses nothing, stores nothing twice, and leaves an index that is made anew', async () => {
    const { acknowledged } = await untilFault();
    const made: number[] = [];
    const onArraysMade = (entries: number): number => made.push(entries);
    store = await openSqliteStore({ ...machine, file, startEngine: startInProcess, onArraysMade });
    const numbers = Array.from({ length: acknowledged + 1 }, (_, n) => n);
    const stored = numbers.map((n) => `upload-${String(n)}`);

    expect(await upload(store, acknowledged)).toBe('found');
    expect(await upload(store, acknowledged, 'drawn anew')).toBe('found');
    expect(made).toEqual([stored.length * keysOf(0).length]);
    const again = store.transact(async (tx) => {
      tx.create(uploads, `upload-${String(acknowledged)}`, { keys: [] });
      await Promise.resolve();
    });
    await expect(again).rejects.toMatchObject({ code: 'refused' });

    expect([...(await idsOf(store))].sort()).toEqual([...stored].sort());
    for (const n of numbers) {
      const found = await store.transact(async (tx) => await tx.find(uploads, findKeys(n)));
      expect(found.map(({ id }) => id)).toEqual([`upload-${String(n)}`]);
    }
    expect(checkArrayIndexes(file, machine)).toEqual({ missing: 0, stray: 0 });
    expect(missingCommits(file)).toBe(0);
  });
});
