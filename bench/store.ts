import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { DocumentStore } from '@keyserver/docstore';
import { RECORD_BYTES } from '@keyserver/exposure-keys';
import { openSqliteStore } from '@keyserver/sqlite';
import { systemRandom } from '@keyserver/random';
import { type UploadStoreSettings, readKeyBatches } from '@keyserver/stores';
import {
  HOUR,
  type SimulatedClock,
  floorTo,
  simulatedClock,
  systemTimers,
  unixMillis,
} from '@keyserver/time';
import { type Figures, type Measure, fsyncPerSecond, median } from './figures.ts';
import { KEYS_PER_UPLOAD, concurrently, keyStoreSettings, storeOneUpload } from './uploads.ts';

const MEASURED_MS = 5000;

/** The key store on SQLite: uploads and reading, with what the disk and a bare scan could do in the same run. */
export const measureStore: Measure = async (options) => {
  const keys = options.keys ?? 1_000_000;
  const directory = mkdtempSync(join(tmpdir(), 'keyserver-bench-'));
  try {
    const file = join(directory, 'keyserver.sqlite');
    const clock = simulatedClock(unixMillis(Date.parse('2021-05-04T10:00:00Z')));
    const store = await openSqliteStore({
      ...{ file, clock, timers: systemTimers, random: systemRandom },
    });
    const bench = {
      store,
      clock,
      settings: keyStoreSettings(systemRandom.bytes(32)),
      file,
      directory,
      say: options.say,
    };
    const figures = await measureAll(bench, keys);
    await store.close();
    return figures;
  } finally {
    rmSync(directory, { recursive: true });
  }
};

interface Bench {
  readonly store: DocumentStore;
  readonly clock: SimulatedClock;
  readonly settings: UploadStoreSettings;
  readonly file: string;
  readonly directory: string;
  readonly say: (line: string) => void;
}

async function measureAll(bench: Bench, keys: number): Promise<Figures> {
  const read = await fillAndRead(bench, keys);
  bench.say('uploads, one caller');
  const alone = await uploadsPerSecond(bench, 1);
  bench.say('uploads, 64 callers');
  const crowd = await uploadsPerSecond(bench, 64);
  return {
    keysStored: keys,
    uploadsPerSecond1: alone.rate,
    uploadsPerSecond64: crowd.rate,
    cpuMicrosPerUpload64: crowd.cpuMicros,
    readKeysPerSecond: read,
    fsyncPerSecond: fsyncPerSecond(bench.directory),
    rawScanKeysPerSecond: rawScanKeysPerSecond(bench.file),
  };
}

/** Stores the keys, at most a million in one window, and reads the last full window through the port. */
async function fillAndRead(bench: Bench, keys: number): Promise<number> {
  const perWindow = Math.min(keys, 1_000_000);
  for (let stored = 0; stored < keys; stored += perWindow) {
    bench.say(`storing keys ${String(stored)} to ${String(stored + perWindow)}`);
    bench.clock.advance(HOUR);
    await concurrently(256, Math.ceil(perWindow / KEYS_PER_UPLOAD), storeOne(bench));
  }
  const from = floorTo(bench.clock.now(), HOUR);
  bench.clock.advance(HOUR);
  bench.say('reading a closed window');
  const windows = { from, until: unixMillis(from + HOUR) };
  const rates: number[] = [];
  for (let run = 0; run < 3; run++) {
    const started = performance.now();
    let records = 0;
    for await (const page of readKeyBatches(bench.store, bench.settings)(windows))
      for (const batch of page) records += batch.records.length / RECORD_BYTES;
    rates.push(perSecond(records, started));
  }
  return median(rates);
}

async function uploadsPerSecond(
  bench: Bench,
  callers: number,
): Promise<{ rate: number; cpuMicros: number }> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  let done = 0;
  const store = storeOne(bench);
  const caller = async (): Promise<void> => {
    while (performance.now() - started < MEASURED_MS) {
      await store();
      done++;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const { user, system } = process.cpuUsage(cpu);
  return { rate: perSecond(done, started), cpuMicros: Math.round((user + system) / done) };
}

const storeOne = ({ store, settings }: Bench): (() => Promise<void>) =>
  storeOneUpload(store, settings, FIRST_START);

const FIRST_START = 2_698_128; // 2021-04-20, so that all keys have ended

/** How many keys a second a bare scan of the same table gives, without the port and its thread. */
function rawScanKeysPerSecond(file: string): number {
  const db = new DatabaseSync(file, { readOnly: true });
  const started = performance.now();
  let bytes = 0;
  for (const row of db.prepare('SELECT body FROM keyBatches LIMIT 71429').iterate())
    if (row['body'] instanceof Uint8Array) bytes++;
  const rate = perSecond(bytes * KEYS_PER_UPLOAD, started);
  db.close();
  return rate;
}

const perSecond = (count: number, started: number): number =>
  Math.round((count * 1000) / (performance.now() - started));
