import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { RECORD_BYTES } from '@keyserver/exposure-keys';
import { MAX_CHUNK_KEYS } from '@keyserver/federation';
import { aQuery, aWireKey, anAnswer, readRequest } from '@keyserver/federation/testing';
import { type PullDeps, pullQuery } from '@keyserver/federation-pull';
import { systemRandom } from '@keyserver/random';
import { openSqliteStore } from '@keyserver/sqlite';
import { federationSync } from '@keyserver/stores';
import { MINUTE, simulatedClock, systemTimers, unixMillis } from '@keyserver/time';
import type { Measure } from './figures.ts';
import { keyStoreSettings } from './uploads.ts';

const PAGE_KEYS = 5000;
/** The two take turns, as a disk is not always equally fast. */
const ROUNDS = 4;
const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));

/**
 * Pulling into SQLite, durable, from a partner without any way to it: answers are decoded, every key is checked, looked up
 * and stored. The bound is a bare table of the same records by their keys, as many in one durable transaction.
 */
export const measureFederationPull: Measure = async ({ keys: wanted, quick, say }) => {
  const keys = wanted ?? (quick ? 20_000 : 300_000);
  const share = Math.ceil(keys / ROUNDS);
  const directory = mkdtempSync(join(tmpdir(), 'keyserver-bench-'));
  const pull = await openPull(join(directory, 'keyserver.sqlite'));
  const bound = openBound(join(directory, 'bound.sqlite'));
  try {
    await pull.run(pagesOf(PAGE_KEYS)); // the first page waits for code that was never run
    say(`${keys} keys: pulled in pages of ${PAGE_KEYS}, and into a bare table, by turns`);
    const took = { pull: 0, bound: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      took.pull += await pull.run(pagesOf(share));
      took.bound += bound.insert(share);
    }
    const perSecond = (ms: number): number => Math.round((share * ROUNDS * 1000) / ms);
    return {
      pullKeysPerSecond: perSecond(took.pull),
      pullBoundKeysPerSecond: perSecond(took.bound),
    };
  } finally {
    await pull.close();
    bound.close();
    rmSync(directory, { recursive: true });
  }
};

/** Answers with keys of chance, encoded before anything is measured. */
function pagesOf(keys: number): readonly Uint8Array[] {
  const count = Math.ceil(keys / PAGE_KEYS);
  return Array.from({ length: count }, (_, page) =>
    anAnswer({
      keys: Array.from({ length: Math.min(PAGE_KEYS, keys - page * PAGE_KEYS) }, () =>
        aWireKey(0, { exposureKey: systemRandom.bytes(16) }),
      ),
      more: page + 1 < count,
      next: [3600, String(page + 1)],
    }),
  );
}

/** Pulls pages into one store, each time as another query; a run gives how long it took, ms. */
async function openPull(file: string) {
  const clock = simulatedClock(NOON);
  const store = await openSqliteStore({ file, clock, timers: systemTimers, random: systemRandom });
  const settings = { ...keyStoreSettings(systemRandom.bytes(32)), clock };
  const sync = federationSync(store, settings, systemRandom);
  const log: PullDeps['log'] = { event: () => undefined, child: () => log };
  const job = { signal: new AbortController().signal, remaining: () => MINUTE };
  let runs = 0;
  return {
    run: async (pages: readonly Uint8Array[]): Promise<number> => {
      const fetch: PullDeps['fetch'] = async (_query, request) => {
        const page = Number(readRequest(request).state?.keys.token ?? 0);
        return await Promise.resolve({ kind: 'answer', bytes: pages[page] ?? new Uint8Array() });
      };
      const query = aQuery({ id: `run-${runs++}`, maxPageKeys: PAGE_KEYS });
      const deps = { sync, fetch, log, callMs: MINUTE, maxOnsetMagnitude: 14 };
      const started = performance.now();
      const report = await pullQuery(deps, query, job);
      if (report.kind !== 'done' || report.left > 0) throw new Error('the pull did not finish');
      return performance.now() - started;
    },
    close: async () => {
      await store.close();
    },
  };
}

/** Inserts as many records into a bare table by their keys; gives how long that took, ms. */
function openBound(file: string) {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  database.exec('CREATE TABLE records (key BLOB PRIMARY KEY, record BLOB) WITHOUT ROWID');
  const insert = database.prepare('INSERT OR IGNORE INTO records VALUES (?, ?)');
  const record = Buffer.alloc(RECORD_BYTES, 1);
  return {
    insert: (keys: number): number => {
      const drawn = Array.from({ length: keys }, () => systemRandom.bytes(16));
      const started = performance.now();
      for (let at = 0; at < keys; at += MAX_CHUNK_KEYS) {
        database.exec('BEGIN IMMEDIATE');
        for (const key of drawn.slice(at, at + MAX_CHUNK_KEYS)) insert.run(key, record);
        database.exec('COMMIT');
      }
      return performance.now() - started;
    },
    close: () => {
      database.close();
    },
  };
}
