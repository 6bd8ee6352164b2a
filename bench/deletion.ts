import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DocumentStore } from '@keyserver/docstore';
import { packRecords } from '@keyserver/exposure-keys';
import { randomId, systemRandom } from '@keyserver/random';
import { openSqliteStore } from '@keyserver/sqlite';
import {
  type UploadStoreSettings,
  deleteKeys,
  keyBatchDocument,
  keyBatches,
} from '@keyserver/stores';
import {
  DAY,
  HOUR,
  SECOND,
  every,
  simulatedClock,
  systemTimers,
  unixMillis,
  type UnixMillis,
} from '@keyserver/time';
import { type Figures, type Measure, fsyncPerSecond } from './figures.ts';
import { memoryOf } from './process-figures.ts';
import { KEYS_PER_UPLOAD, keyStoreSettings, randomUpload } from './uploads.ts';

const FIRST_START = 2_698_128; // 2021-04-20, so that all keys have ended
const WINDOWS = 24;
/** Uploads that are stored in one transaction: publish stores each in its own, but nothing of that is measured here. */
const AT_ONCE = 200;
/** Pages of files are read through a map; without one, all memory of the process is its own. */
const MAPPED_BYTES = 0;

/** Deletes all keys of a store on SQLite in one run of the job, and looks at how much memory that takes. */
export const measureDeletion: Measure = async ({ keys = 1_000_000, say }) => {
  const directory = mkdtempSync(join(tmpdir(), 'keyserver-bench-'));
  try {
    return await deleteFrom(directory, { keys, say });
  } finally {
    rmSync(directory, { recursive: true });
  }
};

async function deleteFrom(
  directory: string,
  { keys, say }: { readonly keys: number; readonly say: (line: string) => void },
): Promise<Figures> {
  const clock = simulatedClock(unixMillis(Date.parse('2021-05-04T10:00:00Z')));
  const file = join(directory, 'keyserver.sqlite');
  const machine = { clock, timers: systemTimers, random: systemRandom };
  const store = await openSqliteStore({ ...machine, file, mappedBytes: MAPPED_BYTES });
  const settings = keyStoreSettings(systemRandom.bytes(32));
  say(`storing ${String(keys)} keys`);
  const uploads = Math.ceil(keys / KEYS_PER_UPLOAD / AT_ONCE) * AT_ONCE;
  const start = await store.now();
  for (let stored = 0; stored < uploads; stored += AT_ONCE) {
    const window = unixMillis(start + HOUR * Math.floor((stored * WINDOWS) / uploads));
    await storeSome(store, settings, window);
  }
  clock.advance(17 * DAY);
  const before = memoryOf(process.pid).own;
  let most = before;
  const stop = every(systemTimers, SECOND / 10, () => {
    most = Math.max(most, memoryOf(process.pid).own);
  });
  say('deleting them');
  const started = performance.now();
  const { signal } = new AbortController();
  const { retention } = settings;
  const { deleted } = await deleteKeys(store, { certain: await store.now(), retention, signal });
  const seconds = (performance.now() - started) / 1000;
  stop();
  await store.close();
  return {
    keysStored: uploads * KEYS_PER_UPLOAD,
    documentsDeleted: deleted,
    deletionSeconds: Math.round(seconds * 10) / 10,
    keysPerSecond: Math.round((deleted * KEYS_PER_UPLOAD) / seconds),
    ownMemoryBeforeMB: before,
    ownMemoryMostMB: most,
    fsyncPerSecond: fsyncPerSecond(directory),
  };
}

/** Stores the keys of some uploads of a window. */
async function storeSome(
  store: DocumentStore,
  settings: UploadStoreSettings,
  window: UnixMillis,
): Promise<void> {
  const documents = Array.from({ length: AT_ONCE }, () => {
    const keys = randomUpload(FIRST_START).keys.toSorted((a, b) => Buffer.compare(a.data, b.data));
    const records = packRecords(keys);
    const about = { window, kind: 'primary', origin: 'local', sourceId: '' } as const;
    const from = { regions: ['US'], traveler: false, app: 'org.example.app', authority: undefined };
    return keyBatchDocument({ ...about, ...from, records }, settings, systemRandom);
  });
  await store.transact(async (tx) => {
    await Promise.resolve();
    for (const document of documents) tx.create(keyBatches, randomId(systemRandom), document);
  });
}
