import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DocumentStore } from '@keyserver/docstore';
import { verifyData } from '@keyserver/data-transfer';
import { KEY_BYTES, RECORD_BYTES } from '@keyserver/exposure-keys';
import { seededRandom } from '@keyserver/random/testing';
import { openSqliteStore } from '@keyserver/sqlite';
import { keyHasher } from '@keyserver/stores';
import { type Placed, contentOf, put, someDocuments } from '@keyserver/data-transfer/testing';
import { machine } from '../support/machine.ts';

const ROUNDS = process.env['SOAK'] === '1' ? 30 : 3;
const DOCUMENTS = 3000;
const SEED = process.env['KILL_SEED'] ?? randomUUID();
const SHORTEST_LIFE_MS = 400;
/** So a command that takes long on a busy machine ends after a few tries more, not after many. */
const LONGER_EACH_TIME = 1.4;
const CLI = fileURLToPath(import.meta.resolve('@keyserver/cli/main'));
const MAKE_STORE = join(import.meta.dirname, 'make-store.ts');
const FROM_SOURCE = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
const SECRET = 'keys/key-hash.secret';

const start = (args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [...FROM_SOURCE, CLI, 'data', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });

const random = seededRandom(SEED);

/** Up to three stored keys, and what they are looked up by under this secret. */
function storedKeys(secret: Uint8Array): { records: Uint8Array; keyHashes: number[] } {
  const records = random.bytes(RECORD_BYTES * (1 + random.below(3)));
  const keyHashes = [];
  for (let start = 0; start < records.length; start += RECORD_BYTES)
    keyHashes.push(keyHasher(secret)(records.subarray(start, start + KEY_BYTES)));
  return { records, keyHashes };
}

/** A chain is whole or it is broken, and then nothing may be taken out: the exports themselves begin one. */
const isOfNoChain = ({ collection }: Placed): boolean =>
  !collection.layout.name.startsWith('audit');

/** Documents with keys that the secret finds, none of which expires meanwhile. */
const documentsUnder = (secret: Uint8Array): readonly Placed[] =>
  someDocuments(DOCUMENTS)
    .filter(isOfNoChain)
    .map(({ value, ...one }) => ({
      ...one,
      value: {
        ...value,
        ...('records' in value ? storedKeys(secret) : {}),
        ...('expireAt' in value ? { expireAt: 2 ** 45 } : {}),
      },
    }));

/**
 * Starts a command again and again, killing it earlier or later, until it ends by itself or had done its work before it was
 * killed; how often, and its exit code.
 */
async function killedUntilDone(
  args: readonly string[],
  isDone: () => boolean = () => false,
): Promise<{ kills: number; code: number }> {
  for (let kills = 0; ; kills++) {
    const child = start(args);
    const life =
      SHORTEST_LIFE_MS + random.below(Math.ceil(SHORTEST_LIFE_MS * LONGER_EACH_TIME ** kills));
    const timer = setTimeout(() => child.kill('SIGKILL'), life);
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    clearTimeout(timer);
    if (code !== null) return { kills, code };
    if (isDone()) return { kills: kills + 1, code: 0 };
  }
}

/** An export that is finished is never written again, so a command that is run once more refuses its directory. */
const killedUntilExported = async (dataDirectory: string, files: string) =>
  await killedUntilDone(['export', '--data-dir', dataDirectory, '--to', files], () =>
    existsSync(join(files, 'manifest.json')),
  );

describe(`data that is moved by processes which are killed, ${ROUNDS} times`, () => {
  let directory = '';
  const at = (name: string): string => join(directory, name);
  const opened: DocumentStore[] = [];
  const open = async (name: string): Promise<DocumentStore> => {
    const store = await openSqliteStore({ ...machine, file: join(at(name), 'keyserver.sqlite') });
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
    await put(await open('source'), documentsUnder(await readFile(join(at('source'), SECRET))));
  });
  afterAll(async () => {
    for (const store of opened) await store.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('arrives as it was, with nothing lost, doubled or half', async () => {
    let kills = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [files, target] = [at(`files-${round}`), `target-${round}`];
      await prepare(target);
      const exported = await killedUntilExported(at('source'), files);
      const into = ['import', '--from', files, '--data-dir', at(target)];
      const imported = await killedUntilDone(into);
      expect([exported.code, imported.code]).toEqual([0, 0]);
      kills += exported.kills + imported.kills;
      const store = await open(target);
      expect((await verifyData(store, { directory: files })).kind).toBe('equal');
      // Each export that began has left an entry in the source, which is in its files too.
      expect(await contentOf(store)).toEqual(await contentOf(opened[0]!));
    }
    expect(kills).toBeGreaterThan(ROUNDS);
  });

  it('is refused beside a secret that does not find its keys', async () => {
    const files = at('files-of-another');
    await prepare('other');
    await writeFile(join(at('other'), SECRET), random.bytes(32));
    await killedUntilExported(at('source'), files);
    const into = ['import', '--from', files, '--data-dir', at('other')];
    expect((await killedUntilDone(into)).code).toBe(2);
    const store = await open('other');
    expect(Object.values(await contentOf(store)).flat()).toEqual([]);
  });
});
