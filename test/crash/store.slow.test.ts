import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import type { DocumentStore } from '@keyserver/docstore';
import { openSqliteStore } from '@keyserver/sqlite';
import { seededRandom } from '@keyserver/random/testing';
import { machine } from '../support/machine.ts';
import { PARTS, TOTAL, counters, marks } from './marks.ts';

const KILLS = process.env['SOAK'] === '1' ? 120 : 20;
const SEED = process.env['KILL_SEED'] ?? randomUUID();
const LONGEST_LIFE_MS = 1200;
const WRITERS = ['one', 'other'] as const;
const SCRIPT = join(import.meta.dirname, 'commit-for-ever.ts');

interface Writer {
  readonly name: string;
  /** What was acknowledged in each life. */
  readonly lives: number[][];
  readonly troubles: string[];
  kill(): Promise<void>;
  restart(): void;
}

function writerTo(file: string, name: string): Writer {
  let child: ChildProcess;
  let ended: Promise<void>;
  let killed = false;
  const lives: number[][] = [];
  const troubles: string[] = [];
  const restart = (): void => {
    killed = false;
    const acknowledged: number[] = [];
    lives.push(acknowledged);
    child = spawn(
      process.execPath,
      ['--conditions=source', '--disable-warning=ExperimentalWarning', SCRIPT, file, name],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    createInterface({ input: child.stdout! }).on('line', (line) => acknowledged.push(Number(line)));
    ended = new Promise((resolve) => {
      child.once('close', (code) => {
        if (!killed) troubles.push(`${name} ended by itself with ${String(code)}`);
        resolve();
      });
    });
  };
  restart();
  const kill = async (): Promise<void> => {
    killed = true;
    child.kill('SIGKILL');
    await ended;
  };
  return { name, lives, troubles, kill, restart };
}

/** The numbers of a writer's commits, each once for every part that is stored of it. */
async function storedBy(store: DocumentStore, writer: string): Promise<readonly number[]> {
  const stored: number[] = [];
  const query = { where: { writer }, order: { by: 'n' } } as const;
  for await (const page of store.pages(marks, query))
    stored.push(...page.map(({ value }) => value.n));
  return stored;
}

async function foundBy(store: DocumentStore, value: number): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const page of store.pages(marks, { containsAny: { field: 'found', values: [value] } }))
    found.push(...page.map(({ id }) => id));
  return found;
}

const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, n) => n + 1);

describe(`a SQLite store whose two writers were killed ${KILLS} times`, () => {
  let directory = '';
  let file = '';
  let opened: DocumentStore | undefined;
  let store: DocumentStore;
  let writers: readonly Writer[] = [];

  beforeAll(async () => {
    process.stderr.write(`KILL_SEED=${SEED}\n`);
    const random = seededRandom(SEED);
    directory = await mkdtemp(join(tmpdir(), 'keyserver-kill-'));
    file = join(directory, 'store.sqlite');
    writers = WRITERS.map((name) => writerTo(file, name));
    for (let n = 0; n < KILLS; n++) {
      await pause(random.below(LONGEST_LIFE_MS));
      const writer = writers[random.below(writers.length)]!;
      await writer.kill();
      writer.restart();
    }
    await Promise.all(
      writers.map(async ({ kill }) => {
        await kill();
      }),
    );
    store = opened = await openSqliteStore({ ...machine, file });
  });
  afterAll(async () => {
    await Promise.all(
      writers.map(async ({ kill }) => {
        await kill();
      }),
    );
    await opened?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const last = async (writer: string): Promise<number> =>
    (await store.get(counters, [writer]))[0]?.n ?? 0;

  it('was hit while both wrote', () => {
    expect(writers.flatMap(({ troubles }) => troubles)).toEqual([]);
    for (const { lives } of writers)
      expect(lives.filter((acknowledged) => acknowledged.length > 0).length).toBeGreaterThan(1);
  });

  it('has every acknowledged commit, each life going on from there', async () => {
    for (const { name, lives } of writers) {
      const acknowledged = lives.flat();
      expect(acknowledged).toEqual([...new Set(acknowledged)].sort((a, b) => a - b));
      expect(await last(name)).toBeGreaterThanOrEqual(acknowledged.at(-1)!);
      // A life leaves at most one commit behind that it had no time to speak of.
      expect(await last(name)).toBeLessThanOrEqual(acknowledged.length + lives.length);
    }
  });

  it('has no half of a transaction', async () => {
    let total = 0;
    for (const { name } of writers) {
      const count = await last(name);
      total += count;
      const whole = upTo(count).flatMap((n) => Array.from({ length: PARTS }, () => n));
      expect(await storedBy(store, name)).toEqual(whole);
    }
    expect(await last(TOTAL)).toBe(total);
  });

  it('finds every document by its array index, and no other', async () => {
    const counts = await Promise.all(WRITERS.map(last));
    const everything = WRITERS.flatMap((name, w) =>
      upTo(counts[w]!).flatMap((n) =>
        Array.from({ length: PARTS }, (_, part) => `${name}-${n}-${part}`),
      ),
    );
    expect([...(await foundBy(store, 1_000_000))].sort()).toEqual(everything.sort());
    for (const n of [1, 2, Math.max(...counts), Math.max(...counts) + 1])
      expect(await foundBy(store, n)).toEqual(
        everything.filter((id) => id.split('-')[1] === String(n)),
      );
  });

  it('is a sound database', () => {
    const database = new DatabaseSync(file, { readOnly: true });
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    database.close();
  });
});
