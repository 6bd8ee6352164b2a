import type { DocumentStore } from '@keyserver/docstore';
import { type BlobStore, type ExportBatch, archiveName } from '@keyserver/export-file';
import type { JobReport } from '@keyserver/jobs';
import { openTestBucket } from '@keyserver/local/testing';
import { recordingLog } from '@keyserver/log/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import {
  exportBatches,
  exportConfigDocument,
  exportConfigs,
  exportProgress,
  readFindings,
} from '@keyserver/stores';
import {
  DAY,
  HOUR,
  MINUTE,
  type SimulatedClock,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { cleanExports } from './clean-exports.ts';

const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const RETENTION = 14 * DAY;
const A_DAY_LATER = DAY + 5 * MINUTE;
const CONFIG = {
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: true, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined as ReturnType<typeof unixMillis> | undefined },
  ...{ signingKeys: ['k1'], minRecords: 10, paddingRange: 0, maxRecords: 1000, padEmpty: false },
};

let clock: SimulatedClock;
let store: DocumentStore;
let bucket: BlobStore;
let log: ReturnType<typeof recordingLog>;

beforeEach(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
  bucket = openTestBucket();
  log = recordingLog();
  await store.certainTime();
  clock.advance(HOUR); // by now the clock has been plausible for long enough
  await configure();
});
afterEach(closeTestStores);

const configure = async (of: Partial<typeof CONFIG> = {}, coveredUntil = NOON + 40 * DAY) => {
  const config = { ...CONFIG, ...of };
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(exportConfigs, config.id, exportConfigDocument(config));
    tx.set(exportProgress, config.id, { coveredUntil });
  });
};

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}
const write = async (name: string, text = 'x'): Promise<void> => {
  const headers = { contentType: 'a/b', cacheControl: 'no-cache', digest: 'd' };
  const expected = (await bucket.find(name))?.generation ?? 'absent';
  await bucket.put(name, bytes(text), { headers, expected });
};
const writeIndex = async (...names: readonly string[]): Promise<void> => {
  await write('us/index.txt', names.join('\n'));
};

/** Stores a batch that ended so many hours before noon, with its archive, and gives the name of that. */
async function aBatch(
  hours: number,
  of: {
    readonly state?: ExportBatch['state'];
    readonly isWritten?: boolean;
    readonly expireAt?: number;
  } = {},
): Promise<string> {
  const { state = 'complete', isWritten = true, expireAt = NOON + 90 * DAY } = of;
  const span = { start: NOON - (hours + 1) * HOUR, end: NOON - hours * HOUR };
  const times = { start: unixMillis(span.start), end: unixMillis(span.end), attempt: 0 };
  const name = archiveName('us', times, 1);
  const hasFiles = state !== 'open' && state !== 'empty';
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(exportBatches, `us-${span.start / 1000}-${span.end / 1000}`, {
      ...{ config: 'us', state, ...span, attempt: 0, fence: 0, holder: '', leaseExpires: 0 },
      ...{ settings: CONFIG, expireAt },
      files: hasFiles ? [{ name, keys: 1, digest: 'aa' }] : [],
    });
  });
  if (isWritten) await write(name);
  return name;
}

const run = async (
  over: Partial<Parameters<typeof cleanExports>[0]> = {},
  signal = new AbortController().signal,
): Promise<JobReport> =>
  await cleanExports(
    {
      ...{ store, log: log.log, exportRetention: RETENTION, openBucket: () => bucket },
      noteFault: () => undefined,
      ...over,
    },
    signal,
  );

const objects = async (): Promise<readonly string[]> => {
  const names: string[] = [];
  for await (const { name } of bucket.list('')) names.push(name);
  return names.filter((name) => name.endsWith('.zip')).sort();
};
const states = async (): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const page of store.pages(exportBatches, {}))
    found.push(...page.map(({ value }) => value.state));
  return found;
};
const events = (): readonly string[] => log.events().map(({ message }) => message);
const problems = async () =>
  (
    await readFindings(store, [
      ...(['still_listed', 'archive_missing', 'objects_unknown', 'records_missing'] as const),
    ])
  ).map(([finding]) => finding);

describe('files past retention', () => {
  it('go a day after they have left the index, and their records say so', async () => {
    const old = await aBatch(1);
    const young = await aBatch(0);
    await writeIndex(old, young);
    clock.set(unixMillis(NOON + RETENTION - HOUR));
    await writeIndex(young);
    expect(await run()).toMatchObject({ kind: 'done', done: 1, left: 0 });
    expect(await states()).toEqual(['retired', 'complete']);
    clock.advance(A_DAY_LATER - 1);
    await writeIndex();
    await run();
    expect(await objects()).toContain(old);
    clock.advance(1);
    await run();
    expect(await objects()).toEqual([young]);
    expect(await states()).toEqual(['deleted', 'retired']);
    expect(events()).toEqual(['cleanup.files_deleted']);
  });

  it('go of an export that has ended, too', async () => {
    await aBatch(1);
    await configure({ thru: NOON }, NOON);
    clock.advance(RETENTION);
    await writeIndex();
    await run();
    clock.advance(A_DAY_LATER);
    await run();
    expect(await objects()).toEqual([]);
  });

  it('stay before that, however often the job runs', async () => {
    const name = await aBatch(1);
    await writeIndex(name);
    clock.set(unixMillis(NOON + RETENTION - 2 * HOUR - 1));
    for (let n = 0; n < 2; n++) await run();
    expect(await states()).toEqual(['complete']);
    expect(events()).toEqual([]);
  });

  it('stay while their index names them, and that is told a day later', async () => {
    const name = await aBatch(1);
    await writeIndex(name);
    clock.advance(RETENTION);
    await run();
    expect(events()).toEqual([]);
    clock.advance(DAY);
    await run();
    expect(await states()).toEqual(['complete']);
    expect(events()).toEqual(['cleanup.still_listed']);
    expect(await problems()).toEqual(['still_listed']);
    await writeIndex();
    await run();
    expect(await problems()).toEqual([]);
  });

  it('stay when an index names them again after they were retired', async () => {
    const name = await aBatch(1);
    clock.advance(RETENTION);
    await run();
    await writeIndex(name);
    clock.advance(A_DAY_LATER);
    await run();
    expect(await objects()).toEqual([name]);
    expect(events()).toContain('cleanup.still_listed');
  });

  it('stay when their index is not a list of archives', async () => {
    await aBatch(1);
    await write('us/index.txt', '<html>');
    clock.advance(RETENTION + DAY);
    expect(await run()).toMatchObject({ kind: 'failed' });
    expect(await states()).toEqual(['complete']);
    expect(events()).toContain('cleanup.place_failed');
  });

  it('stay while the clock was not plausible for long enough', async () => {
    await aBatch(1);
    const doubtful = Object.assign(Object.create(store) as DocumentStore, {
      certainTime: async () => {
        await Promise.resolve(undefined);
      },
    });
    clock.advance(RETENTION);
    expect(await run({ store: doubtful })).toEqual({ kind: 'done', done: 0, left: 1 });
    expect(await states()).toEqual(['complete']);
    expect(events()).toEqual(['cleanup.clock_unsettled']);
  });

  it('go of the other buckets when one of them lets nobody delete, and that is told', async () => {
    await aBatch(1);
    const other = { ...CONFIG, id: 'ca', bucket: 'away', filenameRoot: 'ca' };
    await store.transact(async (tx) => {
      const [us] = await tx.find(exportBatches, {});
      const older = { start: us!.value.start - HOUR, end: us!.value.end - HOUR };
      tx.set(exportBatches, 'ca-older', { ...us!.value, ...older, config: 'ca', settings: other });
    });
    clock.advance(RETENTION);
    await run();
    clock.advance(A_DAY_LATER);
    const away: BlobStore = {
      ...bucket,
      list: (prefix) => bucket.list(prefix),
      delete: async () => {
        await Promise.reject(new Error('the bucket is away'));
      },
    };
    const openBucket = (name: string) => (name === 'away' ? away : bucket);
    expect(await run({ openBucket })).toMatchObject({
      ...{ kind: 'failed', done: 1 },
      problems: ['files in the bucket cannot be deleted: away'],
    });
    expect(await objects()).toEqual([]);
    expect((await states()).toSorted()).toEqual(['deleted', 'retired']);
    expect(events()).toEqual(['cleanup.place_failed', 'cleanup.files_deleted']);
  });

  it.each([
    ['before a file goes', 'delete', 'before'],
    ['after a file is gone and its record still names it', 'delete', 'after'],
    ['before the record says so', 'transact', 'before'],
  ] as const)('go in the next run when the process dies %s', async (_, at, when) => {
    await aBatch(1);
    await aBatch(2);
    clock.advance(RETENTION);
    await run();
    clock.advance(A_DAY_LATER);
    const die = (): never => {
      throw new Error('it ends here');
    };
    const mortal: BlobStore = {
      ...bucket,
      list: (prefix) => bucket.list(prefix),
      delete: async (name) => {
        if (at === 'delete' && when === 'before') die();
        await bucket.delete(name);
        if (at === 'delete') die();
      },
    };
    const dying = Object.assign(Object.create(store) as DocumentStore, { transact: die });
    const over = at === 'delete' ? { openBucket: () => mortal } : { store: dying };
    const ended = await run(over).catch((fault: unknown) => ({ kind: 'thrown', fault }));
    expect(['failed', 'thrown']).toContain(ended.kind);
    expect(await states()).toEqual(['retired', 'retired']);
    await run();
    expect(await objects()).toEqual([]);
    expect(await states()).toEqual(['deleted', 'deleted']);
    expect(await problems()).toEqual([]);
  });
});

describe('records of batches', () => {
  it('go once they have expired and their files are gone', async () => {
    await aBatch(3, { state: 'empty', isWritten: false, expireAt: NOON });
    await aBatch(2, { state: 'complete', expireAt: NOON });
    await aBatch(1, { state: 'empty', isWritten: false });
    await run();
    expect(await states()).toEqual(['complete', 'empty']);
  });
});

describe('a bucket and the records', () => {
  const STRAY = 'us/1768392000-1768395600-00009.zip';

  it('agree about files of open, stored, complete and retired batches', async () => {
    for (const [n, state] of (['open', 'stored', 'complete', 'retired'] as const).entries())
      await aBatch(n + 1, { state });
    await write('us/keys.json');
    await write('.store-id');
    await writeIndex();
    for (let n = 0; n < 3; n++) {
      await run();
      clock.advance(DAY);
    }
    expect(await objects()).toHaveLength(4);
    expect(events()).toEqual([]);
    expect(await problems()).toEqual([]);
  });

  it('differ by an object that no record knows: it is reported, and goes a day later', async () => {
    const name = await aBatch(1);
    await writeIndex(name);
    await write(STRAY);
    await run();
    expect(log.events()).toMatchObject([
      { message: 'cleanup.objects_unknown', bucket: 'exports', objects: 1, deleted: 0 },
    ]);
    expect(await problems()).toEqual(['objects_unknown']);
    clock.advance(DAY - 1);
    await run();
    expect(await objects()).toContain(STRAY);
    clock.advance(1);
    await run();
    expect(await objects()).toEqual([name]);
    expect(log.events().at(-1)).toMatchObject({ objects: 1, deleted: 1 });
    expect(await problems()).toEqual([]);
  });

  it('differ by an object that was written anew: its day begins again', async () => {
    await write(STRAY);
    await run();
    clock.advance(DAY);
    await write(STRAY, 'another');
    await run();
    expect(await objects()).toEqual([STRAY]);
  });

  it('differ by an object outside of all exports: it is reported, and never deleted', async () => {
    await write('mirror/other.zip');
    for (let n = 0; n < 3; n++) {
      await run();
      clock.advance(DAY);
    }
    expect(await objects()).toEqual(['mirror/other.zip']);
    expect(await problems()).toEqual(['objects_unknown']);
  });

  it('differ by an object of ours behind very many of others: it goes all the same', async () => {
    await write(STRAY);
    const info = (await bucket.find(STRAY))!;
    const crowded: BlobStore = {
      ...bucket,
      list: async function* (prefix) {
        for (let n = 0; n < 1001; n++) yield { ...info, name: `a/${n}` };
        yield* bucket.list(prefix);
      },
    };
    await run({ openBucket: () => crowded });
    clock.advance(DAY);
    await run({ openBucket: () => crowded });
    expect(log.events().at(-1)).toMatchObject({ objects: 1002, deleted: 1 });
    expect(await objects()).toEqual([]);
  });

  it('are not compared when the time is over before all objects are seen', async () => {
    const names = [await aBatch(1), await aBatch(2)];
    await writeIndex(...names);
    const ending = new AbortController();
    const slow: BlobStore = {
      ...bucket,
      list: async function* (prefix) {
        for await (const object of bucket.list(prefix)) {
          yield object;
          ending.abort();
        }
      },
    };
    expect(await run({ openBucket: () => slow }, ending.signal)).toMatchObject({ left: 1 });
    expect(events()).toEqual([]);
    expect(await problems()).toEqual([]);
  });

  it('differ by a listed archive that is gone: it is reported', async () => {
    const name = await aBatch(1, { isWritten: false });
    await writeIndex(name);
    await run();
    expect(log.events()).toMatchObject([
      { message: 'export.archive_missing', config: 'us', files: 1 },
    ]);
    expect(await problems()).toEqual(['archive_missing']);
  });

  it.each([
    [
      'all',
      async () => {
        await forgetCut();
      },
    ],
    [
      'the newest',
      async () => {
        await configure({}, NOON - 2 * DAY);
      },
    ],
  ])(
    'show that the store has lost %s records: nothing is deleted, however long',
    async (_, lose) => {
      await write(STRAY);
      await lose();
      for (let n = 0; n < 3; n++) {
        await run();
        clock.advance(DAY);
      }
      expect(await objects()).toEqual([STRAY]);
      expect(await problems()).toEqual(['records_missing']);
      expect(new Set(events())).toEqual(new Set(['cleanup.records_missing']));
    },
  );

  it('cannot be compared while the bucket does not answer: the others are', async () => {
    await configure({ id: 'ca', bucket: 'away', filenameRoot: 'ca' });
    await write(STRAY);
    const away: BlobStore = {
      ...bucket,
      read: async () => {
        await Promise.resolve(undefined);
      },
      // eslint-disable-next-line @typescript-eslint/require-await -- it fails before it gives anything
      list: async function* () {
        throw new Error('the bucket is away');
      },
    };
    const openBucket = (name: string) => (name === 'away' ? away : bucket);
    expect(await run({ openBucket })).toMatchObject({
      kind: 'failed',
      problems: ['the bucket cannot be looked at: away'],
    });
    expect(events()).toEqual(['cleanup.place_failed', 'cleanup.objects_unknown']);
  });

  const forgetCut = async (): Promise<void> => {
    await store.transact(async (tx) => {
      await Promise.resolve();
      tx.delete(exportProgress, 'us');
    });
  };
});
