import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DocumentStore, StoreFault } from '@keyserver/docstore';
import { changeWindow } from '@keyserver/operations';
import { closeTestStores } from '@keyserver/sqlite/testing';
import {
  FORMAT_ID,
  type KnownFormat,
  type StoreFormat,
  dataImports,
  keyHasher,
  leases,
  movedCollections,
  openStoreFormat,
  readStoreFormat,
  storeFormat,
} from '@keyserver/stores';
import { HOUR, MINUTE, alwaysWindow, windowLength } from '@keyserver/time';
import { exportData } from './export.ts';
import { importData } from './import.ts';
import { type Manifest, parseManifest, renderManifest } from './manifest.ts';
import {
  NOON,
  type Placed,
  aNewDirectory,
  contentOf,
  put,
  removeScratch,
  someDocuments,
} from './testing/stored-documents.ts';
import { describeEveryKind } from './testing/every-kind.ts';
import { describeKilledImports } from './testing/killed-imports.ts';
import { aStore, anExport, exported, faulty, random, reasonOf } from './testing/moves.ts';
import { verifyData } from './verify.ts';

const recordsIn = (directory: string, collection = 'keyBatches'): string =>
  join(directory, `${collection}.records`);

/** Everything that an export consists of but the time at which it was finished. */
const filesOf = (directory: string): readonly string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.records'))
    .map((name) => `${name} ${readFileSync(join(directory, name)).toString('base64')}`);

const keptExports = new Map<string, string>();

/** An export that is made once for all tests which only read it; it lasts until the end. */
async function kept(name: string, make: () => Promise<string>): Promise<string> {
  const before = keptExports.get(name);
  if (before !== undefined) return before;
  const directory = join(await mkdtemp(join(tmpdir(), 'keyserver-data-kept-')), 'move');
  cpSync(await make(), directory, { recursive: true });
  keptExports.set(name, directory);
  return directory;
}
const exportOfOne = async (): Promise<string> =>
  await kept('one', async () => (await anExport([padCell('a')])).directory);
afterAll(async () => {
  for (const directory of keptExports.values()) await rm(dirname(directory), { recursive: true });
});

afterEach(async () => {
  await closeTestStores();
  await removeScratch();
});

describe('an export and an import', () => {
  describeEveryKind(2); // more in move.slow.test.ts

  it('come to the same digests when the target is exported in its turn', async () => {
    const { directory, manifest } = await anExport(someDocuments(600));
    const target = await aStore();
    await importData(target, { directory });
    const back = await exported(target, await aNewDirectory());
    const digests = ({ collections }: Manifest): unknown =>
      collections.map(({ name, documents, digest }) => ({ name, documents, digest }));
    expect(back.kind === 'exported' && digests(back.manifest)).toEqual(digests(manifest));
  });

  it('carry over documents that are small, but whose index entries are more than one transaction takes', async () => {
    // An entry counts the id of its document: with long ids a few hundred weigh as much as many uploads.
    const heavy = someDocuments(40).map((one, n): Placed => {
      if (one.collection.layout.name !== 'keyBatches') return one;
      const keyHashes = Array.from({ length: 300 }, (_, m) => n * 300 + m);
      return { ...one, id: String(n).padStart(1400, 'x'), value: { ...one.value, keyHashes } };
    });
    const { directory, source } = await anExport(heavy);
    const target = await aStore();
    expect(await importData(target, { directory })).toMatchObject({ kind: 'imported' });
    expect(await contentOf(target)).toEqual(await contentOf(source));
  });

  it('leave behind who holds a lease and what was imported before', async () => {
    const { directory } = await anExport([
      { collection: leases, id: 'job', value: { fence: 7, holder: 'x', expiresAt: NOON } },
      {
        collection: dataImports,
        id: 'old',
        value: { collection: '', documents: 0, startedAt: 1, finishedAt: 2 },
      },
    ]);
    const target = await aStore();
    await importData(target, { directory });
    expect(await target.get(leases, ['job'])).toEqual([undefined]);
    expect(await target.get(dataImports, ['old'])).toEqual([undefined]);
  });

  it('pass over what has expired, and never bring it back', async () => {
    const { directory } = await anExport([padCell('gone', NOON - 1), padCell('soon', NOON + 1)]);
    const target = await aStore([], NOON + 1);
    expect(await importData(target, { directory })).toMatchObject({ kind: 'imported' });
    expect((await contentOf(target))['padCells']).toEqual([]);
    expect(readFileSync(recordsIn(directory, 'padCells')).includes('gone')).toBe(false);
  });
});

const collectionOf = (name: string): Placed['collection'] =>
  movedCollections.find(({ layout }) => layout.name === name)!;
const padCell = (id: string, expireAt = 2 ** 45, documents = 1): Placed => ({
  collection: collectionOf('padCells'),
  id,
  value: { attempt: 'a', documents, expireAt },
});

describe('exportData', () => {
  it('writes files that nobody else can read', async () => {
    const { directory } = await anExport(someDocuments(3));
    const modes = readdirSync(directory).map(
      (name) => statSync(join(directory, name)).mode & 0o777,
    );
    expect(new Set(modes)).toEqual(new Set([0o600]));
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it.each([0o777, 0o770, 0o1777])(
    'writes nothing where others could put a link in the place of a file: mode %p',
    async (mode) => {
      const directory = await aNewDirectory();
      mkdirSync(directory);
      chmodSync(directory, mode);
      expect(reasonOf(await exported(await aStore(someDocuments(3)), directory))).toBe(
        `${directory} can be changed by others; run chmod 700 on it`,
      );
      expect(readdirSync(directory)).toEqual([]);
    },
  );

  it('goes on after it was killed anywhere, and comes to the same', async () => {
    const { directory, source, manifest } = await anExport(someDocuments(450));
    const wanted = filesOf(directory);
    for (let n = 0; n < 3; n++) {
      const again = await aNewDirectory();
      cpSync(directory, again, { recursive: true });
      await rm(join(again, 'manifest.json'));
      writeFileSync(
        join(again, 'unfinished.json'),
        `{"format":"exposure-key-server-data","version":1,"exportId":"${manifest.exportId}","source":"here"}`,
      );
      cutSomewhere(again);
      expect(reasonOf(await exported(source, again))).toBe('exported');
      expect(filesOf(again)).toEqual(wanted);
    }
  });

  it('starts afresh when the store changed after a killed run had read it', async () => {
    const source = await aStore([padCell('a'), padCell('b')]);
    const directory = await aNewDirectory();
    const broken = faulty(source, { pages: 'signingKeys' });
    await expect(exported(broken, directory)).rejects.toThrow('away');
    await put(source, [padCell('a', 2 ** 45, 2)]);
    expect(await exported(source, directory)).toMatchObject({
      kind: 'changed',
      differences: [{ collection: 'padCells' }],
    });
    expect(readdirSync(directory)).toEqual([]);
    expect(reasonOf(await exported(source, directory))).toBe('exported');
  });

  it.each([
    ['added', [padCell('0')]],
    ['changed', [padCell('a', 2 ** 45, 9)]],
  ])('keeps nothing when a document is %s while it reads', async (_, meanwhile) => {
    const source = await aStore([padCell('a')]);
    const directory = await aNewDirectory();
    const outcome = await exportData(source, {
      ...{ directory, source: 'here', random },
      wrote: (collection) => {
        if (collection === 'padCells') writing = put(source, meanwhile);
      },
    });
    await writing;
    expect(outcome).toMatchObject({ kind: 'changed', differences: [{ collection: 'padCells' }] });
    expect(readdirSync(directory)).toEqual([]);
  });
  let writing: Promise<void> | undefined;

  it('tells its id before anything is read, and the same one when it goes on', async () => {
    const source = await aStore([padCell('a')]);
    const directory = await aNewDirectory();
    const ids: string[] = [];
    const begun = async (exportId: string): Promise<void> => {
      const files = readdirSync(directory).filter((name) => name.endsWith('.records'));
      if (ids.length === 0) expect(files).toEqual([]);
      ids.push(exportId);
      await Promise.resolve();
    };
    const request = { ...{ directory, source: 'here', random }, begun };
    const dying = exportData(faulty(source, { pages: 'signingKeys' }), request);
    await expect(dying).rejects.toBeInstanceOf(StoreFault);
    expect(await exportData(source, request)).toMatchObject({ kind: 'exported' });
    expect(ids).toEqual([ids[0], ids[0]]);
  });

  it('refuses while a job holds a lease', async () => {
    const value = { fence: 1, holder: 'x', expiresAt: NOON + 1 };
    const source = await aStore([{ collection: leases, id: 'export', value }]);
    expect(reasonOf(await exported(source, await aNewDirectory()))).toMatch(
      /^the job export is leased until 2024-05-01T12:00:00.001Z/,
    );
  });

  it('refuses while a worker holds a batch', async () => {
    const batch = someDocuments(0).find(
      ({ collection }) => collection.layout.name === 'exportBatches',
    )!;
    const value = { ...batch.value, state: 'open', leaseExpires: NOON + 1 };
    const source = await aStore([{ ...batch, id: 'us-1-2', value }]);
    expect(reasonOf(await exported(source, await aNewDirectory()))).toMatch(/^the batch us-1-2 is/);
  });

  it('refuses while files are made that nobody would find to copy them', async () => {
    const batch = someDocuments(0).find(
      ({ collection }) => collection.layout.name === 'exportBatches',
    )!;
    const source = await aStore([
      { ...batch, id: 'us-1-2', value: { ...batch.value, state: 'stored' } },
    ]);
    expect(reasonOf(await exported(source, await aNewDirectory()))).toMatch(
      /^the files of the batch us-1-2 are not in their index yet/,
    );
  });

  it('refuses to write over a finished export', async () => {
    const { directory, source } = await anExport([padCell('a')]);
    const before = filesOf(directory);
    expect(reasonOf(await exported(source, directory))).toMatch(/holds a finished export/);
    expect(filesOf(directory)).toEqual(before);
  });

  it('refuses to go on with the export of something else', async () => {
    const source = await aStore([padCell('a')]);
    const directory = await aNewDirectory();
    await expect(
      exported(faulty(source, { pages: 'signingKeys' }), directory),
    ).rejects.toBeInstanceOf(StoreFault);
    const outcome = await exportData(source, { directory, source: 'there', random });
    expect(reasonOf(outcome)).toMatch(/unfinished export of something else/);
  });

  it('refuses a directory with other files, and a path that is a file', async () => {
    const source = await aStore();
    const { directory } = await anExport([]);
    await rm(join(directory, 'manifest.json'));
    expect(reasonOf(await exported(source, directory))).toMatch(/is not empty/);
    const file = recordsIn(directory);
    expect(reasonOf(await exported(source, file))).toBe(`${file} is not a directory`);
    expect(reasonOf(await exported(source, join(file, 'below')))).toMatch(/is not a directory$/);
  });
});

/** Takes bytes away from the end of some files, and puts what a power failure may leave behind in their place. */
function cutSomewhere(directory: string): void {
  for (const name of readdirSync(directory).filter((one) => one.endsWith('.records'))) {
    const path = join(directory, name);
    if (random.below(3) === 0) continue;
    truncateSync(path, random.below(statSync(path).size + 1));
    if (random.below(2) === 0) appendFileSync(path, Buffer.alloc(random.below(40)));
    else if (random.below(2) === 0) appendFileSync(path, random.bytes(random.below(40)));
  }
}

describe('importData', () => {
  describeKilledImports('some'); // at every one in move.slow.test.ts

  it('may be started twice at once', async () => {
    const { directory, source } = await anExport(someDocuments(600));
    const target = await aStore();
    const outcomes = await Promise.all([
      importData(target, { directory }),
      importData(target, { directory }),
    ]);
    // Whoever falls behind says so; what it has not done the other has.
    const behind = /^(imported|imported-before|the same import is at work elsewhere.*)$/;
    expect(outcomes.map(reasonOf)).toContain('imported');
    for (const outcome of outcomes) expect(reasonOf(outcome)).toMatch(behind);
    expect(await contentOf(target)).toEqual(await contentOf(source));
  });

  it('does nothing the second time, whatever has happened since', async () => {
    const directory = await exportOfOne();
    const target = await aStore();
    await importData(target, { directory });
    await put(target, [padCell('a', 2 ** 45, 2), padCell('b')]);
    const before = await contentOf(target);
    expect(await importData(target, { directory })).toMatchObject({
      kind: 'imported-before',
      at: NOON,
    });
    expect(await contentOf(target)).toEqual(before);
  });

  it('names what differs when somebody else writes meanwhile, and does not call it imported', async () => {
    const directory = await exportOfOne();
    const target = await aStore();
    const outcome = await importData(target, {
      directory,
      wrote: () => {
        writing = put(target, [padCell('b')]);
      },
    });
    await writing;
    expect(outcome).toMatchObject({
      kind: 'differs',
      differences: [
        { collection: 'padCells', exported: { documents: 1 }, stored: { documents: 2 } },
      ],
    });
    expect((await importData(target, { directory })).kind).toBe('differs');
  });
  let writing: Promise<void> | undefined;

  it('refuses a document that somebody else has written meanwhile', async () => {
    const directory = await exportOfOne();
    const target = await aStore();
    await expect(
      importData(faulty(target, { transaction: 2 }), { directory }),
    ).rejects.toBeInstanceOf(StoreFault);
    await put(target, [padCell('a', 2 ** 45, 5)]);
    expect(reasonOf(await importData(target, { directory }))).toMatch(
      /^the target refused documents of padCells/,
    );
  });

  it('refuses a target that holds anything else', async () => {
    const directory = await exportOfOne();
    const target = await aStore([padCell('other')]);
    expect(reasonOf(await importData(target, { directory }))).toMatch(
      /already holds documents \(padCells\)/,
    );
    expect((await contentOf(target))['padCells']).toHaveLength(1);
  });

  it('refuses a target that another export is being imported into', async () => {
    const { directory: one } = await anExport([]);
    const { directory: other } = await anExport([padCell('a')]);
    const target = await aStore();
    await importData(target, { directory: one });
    expect(reasonOf(await importData(target, { directory: other }))).toMatch(
      /already holds documents \(dataImports\)/,
    );
  });

  it('refuses a target whose time is before that of the source', async () => {
    const directory = await exportOfOne();
    const target = await aStore([], NOON - 1);
    expect(reasonOf(await importData(target, { directory }))).toMatch(
      /^the target's time is 2024-05-01T11:59:59.999Z, before the source's/,
    );
    expect((await contentOf(target))['padCells']).toEqual([]);
  });

  it('refuses a target at which a job is at work', async () => {
    const { directory } = await anExport([]);
    const value = { fence: 1, holder: 'x', expiresAt: NOON + 1 };
    const target = await aStore([{ collection: leases, id: 'export', value }]);
    expect(reasonOf(await importData(target, { directory }))).toMatch(/^the job export is leased/);
  });

  it('takes only the secret that the keys were stored under', async () => {
    const secret = new Uint8Array(32).fill(1);
    const records = random.bytes(48);
    const keyHashes = [0, 24].map((at) => keyHasher(secret)(records.subarray(at, at + 16)));
    const one = someDocuments(1).find(({ collection }) => collection.layout.name === 'keyBatches')!;
    const value = { ...one.value, records, keyHashes };
    const { directory } = await anExport([{ ...one, value }]);
    const into = async (keyHashSecret: Uint8Array): Promise<string> =>
      reasonOf(await importData(await aStore(), { directory, keyHashSecret }));
    expect(await into(new Uint8Array(32))).toMatch(/^the key-hash secret of the target is not/);
    expect(await into(secret)).toBe('imported');
  });

  it('gives buckets the names of the target, in exports and in their batches', async () => {
    const all = someDocuments(0);
    const batch = all.find(({ collection }) => collection.layout.name === 'exportBatches')!;
    const config = all.find(({ collection }) => collection.layout.name === 'exportConfigs')!;
    const settings = { ...(batch.value as { settings: object }).settings, bucket: 'exports' };
    const { directory } = await anExport([
      { ...config, value: { ...config.value, bucket: 'exports' } },
      { ...config, id: 'other', value: { ...config.value, bucket: 'kept' } },
      { ...batch, value: { ...batch.value, settings } },
    ]);
    const target = await aStore();
    const buckets = new Map([['exports', 'my-exports']]);
    expect(reasonOf(await importData(target, { directory, buckets }))).toBe('imported');
    const stored = await contentOf(target);
    const bucketsOf = (name: string): unknown[] =>
      stored[name]!.map(({ value }) => (value as { bucket: string }).bucket);
    expect(bucketsOf('exportConfigs').sort()).toEqual(['kept', 'my-exports']);
    expect(stored['exportBatches']).toMatchObject([
      { value: { settings: { bucket: 'my-exports' } } },
    ]);
    expect((await verifyData(target, { directory, buckets })).kind).toBe('equal');
    expect((await verifyData(target, { directory })).kind).toBe('differs');
  });

  it('refuses to rename a bucket that no export has', async () => {
    const directory = await exportOfOne();
    const buckets = new Map([['exprots', 'my-exports']]);
    expect(reasonOf(await importData(await aStore(), { directory, buckets }))).toBe(
      'no export is configured for a bucket exprots',
    );
  });

  it('asks for no secret when there are no keys', async () => {
    const directory = await exportOfOne();
    const keyHashSecret = new Uint8Array(32);
    expect(reasonOf(await importData(await aStore(), { directory, keyHashSecret }))).toBe(
      'imported',
    );
  });
});

const length = (ms: number) => windowLength(ms)!;
const KNOWN = {
  place: 'here',
  window: length(HOUR),
  profile: 'production',
  keyHashSecret: new Uint8Array(32).fill(1),
} as const;

/** A store that was opened by somebody who knows that much of it. */
async function opened(known: Partial<KnownFormat>, at = NOON): Promise<DocumentStore> {
  const store = await aStore([], at);
  await openStoreFormat(store, { place: 'here', ...known }, random);
  return store;
}

describe('the format of a store', () => {
  const exportOf = async (source: DocumentStore): Promise<string> => {
    const directory = await aNewDirectory();
    expect(reasonOf(await exported(source, directory))).toBe('exported');
    return directory;
  };
  const exportOfKnown = async (): Promise<string> =>
    await kept('known', async () => await exportOf(await opened(KNOWN)));
  const into = async (target: DocumentStore, directory: string): Promise<string> =>
    reasonOf(await importData(target, { directory }));

  it('comes along with a change of the windows that is still to come, but the store keeps its own id', async () => {
    const source = await opened(KNOWN);
    await changeWindow(source, length(5 * MINUTE), { actor: 'me', random });
    const target = await opened({});
    const before = (await readStoreFormat(target))!;
    expect(await into(target, await exportOf(source))).toBe('imported');
    const { storeId, ...moved } = (await readStoreFormat(source))!;
    expect(moved.windows).toHaveLength(2);
    expect(await readStoreFormat(target)).toEqual({ ...moved, storeId: before.storeId });
    expect(storeId).not.toBe(before.storeId);
  });

  it('is in force before the first document is, so that a killed import cannot be opened otherwise', async () => {
    const source = await opened(KNOWN);
    await put(source, someDocuments(3));
    const directory = await exportOf(source);
    const target = await opened({});
    await expect(
      importData(faulty(target, { transaction: 2 }), { directory }),
    ).rejects.toBeInstanceOf(StoreFault);
    const wrong = { ...KNOWN, window: length(5 * MINUTE) };
    await expect(openStoreFormat(target, wrong, random)).rejects.toThrow('are written with 3600');
    await openStoreFormat(target, KNOWN, random);
    expect(await into(target, directory)).toBe('imported');
  });

  it.each([
    ['the same', KNOWN],
    ['less', { profile: KNOWN.profile }],
    ['nothing', {}],
  ])('is taken by a target that says %s of itself', async (_, known) => {
    const directory = await exportOfKnown();
    const target = await opened(known);
    expect(await into(target, directory)).toBe('imported');
    expect(await readStoreFormat(target)).toMatchObject({ windows: alwaysWindow(length(HOUR)) });
    expect((await verifyData(target, { directory })).kind).toBe('equal');
  });

  it.each([
    [
      'another window',
      { window: length(5 * MINUTE) },
      'the exported data have windows of 3600 s, and the target has 300 s: import into a store that no service has opened yet, and set TRUNCATE_WINDOW_SECONDS there as it was at the source',
    ],
    [
      'another profile',
      { profile: 'development' as const, window: length(MINUTE) },
      'the exported data were written in the profile production, and the target was opened in the profile development',
    ],
    [
      'another secret',
      { keyHashSecret: new Uint8Array(32) },
      'the key-hash secret of the target is not the one of the source; copy it first',
    ],
  ])('is refused by a target with %s, which stays as it was', async (_, other, sentence) => {
    const directory = await exportOfKnown();
    const target = await opened({ ...KNOWN, ...other });
    const before = await readStoreFormat(target);
    expect(await into(target, directory)).toContain(sentence);
    expect(await readStoreFormat(target)).toEqual(before);
    expect(await target.transact(async (tx) => await tx.find(dataImports, {}))).toEqual([]);
  });

  it('is refused by a target that does not know of a change to come', async () => {
    const source = await opened(KNOWN);
    await changeWindow(source, length(5 * MINUTE), { actor: 'me', random });
    const reason = await into(await opened(KNOWN), await exportOf(source));
    expect(reason).toContain('3600 s, 300 s from 2024-05-02T00:00:00.000Z on, and the target has');
  });

  it('fits a target with the window of today, whatever was before', async () => {
    const source = await opened({ ...KNOWN, window: length(5 * MINUTE) });
    await changeWindow(source, length(HOUR), { actor: 'me', random });
    const directory = await exportOf(source);
    const target = await opened(KNOWN, NOON + 13 * HOUR); // after the midnight of the change
    expect(await into(target, directory)).toBe('imported');
    expect((await readStoreFormat(target))?.windows).toHaveLength(2);
  });

  it('compares the secret that is given with what the export says of it', async () => {
    const directory = await exportOfKnown();
    const target = await opened({});
    const keyHashSecret = new Uint8Array(32);
    expect(reasonOf(await importData(target, { directory, keyHashSecret }))).toMatch(
      /^the key-hash secret of the target is not/,
    );
  });

  it.each([{ version: 2 }, { shards: 32 }])(
    'is refused when it is another one: %j',
    async (part) => {
      const source = await opened(KNOWN);
      await reformat(source, part);
      expect(await into(await opened({}), await exportOf(source))).toContain(
        'import with the version that exported, or a newer one',
      );
    },
  );

  it('is refused where windows close late and cannot be so short', async () => {
    const directory = await exportOf(await opened({ ...KNOWN, window: length(MINUTE / 2) }));
    const target = await opened({});
    await reformat(target, { closingDelay: 330_000 });
    expect(await into(target, directory)).toMatch(
      /^windows on Google Cloud are at least 60 s long/,
    );
  });

  it('shows in a comparison when the store says otherwise since', async () => {
    const source = await opened(KNOWN);
    const directory = await exportOf(source);
    await reformat(source, { windows: alwaysWindow(length(MINUTE)) });
    expect(await verifyData(source, { directory })).toMatchObject({
      kind: 'differs',
      differences: [{ collection: 'storeFormat' }],
    });
    await source.deleteAll(storeFormat, {});
    expect(await verifyData(source, { directory })).toMatchObject({
      differences: [{ exported: { documents: 1 }, stored: { documents: 0 } }],
    });
  });

  it('keeps nothing of an export during which it changed', async () => {
    const source = await opened(KNOWN);
    const directory = await aNewDirectory();
    let reads = 0;
    const changing = Object.assign(Object.create(source) as DocumentStore, {
      get: async (...args: Parameters<DocumentStore['get']>) => {
        const found = await source.get(...args);
        if (++reads === 1) await reformat(source, { windows: alwaysWindow(length(MINUTE)) });
        return found;
      },
    });
    expect(await exported(changing, directory)).toMatchObject({
      kind: 'changed',
      differences: [{ collection: 'storeFormat' }],
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('that an earlier version did not export is found out by whoever opens the target next', async () => {
    const batch = someDocuments(1).find(
      ({ collection }) => collection.layout.name === 'keyBatches',
    )!;
    const value = { ...batch.value, window: NOON - 50 * MINUTE, shard: 0 };
    const { directory } = await anExport([{ ...batch, value }]);
    const target = await opened({ window: length(HOUR), profile: 'production' });
    expect(await into(target, directory)).toBe('imported');
    expect(await readStoreFormat(target)).toMatchObject({ profile: 'production' });
    expect(await readStoreFormat(target)).not.toHaveProperty('windows');
    const wrong = { place: 'here', window: length(HOUR) };
    await expect(openStoreFormat(target, wrong, random)).rejects.toThrow('no multiples');
    await openStoreFormat(target, { ...wrong, window: length(10 * MINUTE) }, random);
  });

  it('cannot be read from a manifest with impossible windows', async () => {
    const directory = await exportOf(await opened(KNOWN));
    const file = join(directory, 'manifest.json');
    const manifest = parseManifest(readFileSync(file, 'utf8'))!;
    const windows = [{ from: 0, length: 7 }] as unknown as StoreFormat['windows'] & object;
    const { version, shards } = manifest.storeFormat!;
    writeFileSync(file, renderManifest({ ...manifest, storeFormat: { version, shards, windows } }));
    expect(await into(await opened({}), directory)).toMatch(/was changed, or was written by/);
  });

  async function reformat(store: DocumentStore, part: Partial<StoreFormat>): Promise<void> {
    await store.transact(async (tx) => {
      const format = (await readStoreFormat(tx))!;
      tx.set(storeFormat, FORMAT_ID, { ...format, ...part });
    });
  }
});

function forget(collection: string): (directory: string) => void {
  return (directory) => {
    const file = join(directory, 'manifest.json');
    const { collections, ...rest } = parseManifest(readFileSync(file, 'utf8'))!;
    const left = collections.filter(({ name }) => name !== collection);
    writeFileSync(file, renderManifest({ ...rest, collections: left }));
  };
}

describe('an export that was tampered with', () => {
  const damages: readonly [string, (directory: string) => void, RegExp][] = [
    ['without its last byte', cutBy(1), /^keyBatches.records is damaged after \d+ bytes$/],
    [
      'without its last document',
      dropLast,
      /^keyBatches.records is not the file that was exported/,
    ],
    ['with a changed byte', flip(2), /^keyBatches.records is damaged after \d+ bytes$/],
    ['with a changed length', flip(0, 'start'), /^keyBatches.records is damaged after 0 bytes$/],
    ['with bytes appended', append, /^keyBatches.records is damaged after \d+ bytes$/],
    ['emptied', cutBy(Infinity), /^keyBatches.records is damaged after 0 bytes$/],
    ['without a file', remove('keyBatches.records'), /keyBatches.records does not exist$/],
    ['without its manifest', remove('manifest.json'), /holds no export$/],
    [
      'with another manifest',
      edit('manifest.json', '"documents": 1', '"documents": 2'),
      /was changed/,
    ],
    ['with a manifest that is no JSON', edit('manifest.json', '{', ''), /was changed/],
    [
      'without one of its collections, in a manifest made anew',
      forget('keyBatches'),
      /^the export lacks the collection keyBatches$/,
    ],
    ['of another file', swap, /^padCells.records does not belong to this export$/],
  ];

  async function aCopy(of: string): Promise<string> {
    const directory = await aNewDirectory();
    cpSync(of, directory, { recursive: true });
    return directory;
  }

  it.each(damages)('is refused before anything is written: %s', async (_, damage, reason) => {
    const directory = await aCopy(
      await kept('three', async () => (await anExport(someDocuments(3))).directory),
    );
    damage(directory);
    const target = await aStore();
    expect(reasonOf(await importData(target, { directory }))).toMatch(reason);
    expect(Object.values(await contentOf(target)).flat()).toEqual([]);
    expect(reasonOf(await verifyData(target, { directory }))).toMatch(reason);
  });

  it('is refused when it is not finished, or not there', async () => {
    const source = await aStore([padCell('a')]);
    const directory = await aNewDirectory();
    expect(reasonOf(await importData(source, { directory }))).toMatch(/does not exist$/);
    await expect(
      exported(faulty(source, { pages: 'signingKeys' }), directory),
    ).rejects.toBeInstanceOf(StoreFault);
    expect(reasonOf(await importData(await aStore(), { directory }))).toMatch(/unfinished export/);
  });

  const path = (directory: string): string => recordsIn(directory);
  function cutBy(bytes: number) {
    return (directory: string): void => {
      truncateSync(path(directory), Math.max(0, statSync(path(directory)).size - bytes));
    };
  }
  function flip(at: number, from: 'start' | 'end' = 'end') {
    return (directory: string): void => {
      const content = readFileSync(path(directory));
      const place = from === 'start' ? at : content.length - 1 - at;
      content[place]! ^= 255;
      writeFileSync(path(directory), content);
    };
  }
  function append(directory: string): void {
    appendFileSync(path(directory), 'more');
  }
  function dropLast(directory: string): void {
    const content = readFileSync(path(directory));
    let at = 0;
    let last = 0;
    while (at < content.length) {
      last = at;
      at += 8 + content.readUInt32BE(at);
    }
    truncateSync(path(directory), last);
  }
  function remove(name: string) {
    return (directory: string): void => {
      rmSync(join(directory, name));
    };
  }
  function edit(name: string, from: string, to: string) {
    return (directory: string): void => {
      const text = readFileSync(join(directory, name), 'utf8');
      writeFileSync(
        join(directory, name),
        text.replace(/"documents": \d+/, '"documents": 0').replace(from, to),
      );
    };
  }
  function swap(directory: string): void {
    cpSync(recordsIn(directory, 'exportProgress'), recordsIn(directory, 'padCells'));
  }
});

describe('verifyData', () => {
  it('finds a source as it was exported', async () => {
    const { directory, source } = await anExport(someDocuments(450));
    expect((await verifyData(source, { directory })).kind).toBe('equal');
  });

  it.each([
    [
      'a document more',
      async (store: DocumentStore) => {
        await put(store, [padCell('more')]);
      },
    ],
    [
      'a document less',
      async (store: DocumentStore) => {
        await store.deleteAll(collectionOf('padCells'), { limit: 1 });
      },
    ],
    [
      'another document',
      async (store: DocumentStore) => {
        await put(store, [padCell('a', 2 ** 45, 2)]);
      },
    ],
  ])('names the collection that has %s', async (_, change) => {
    const { directory, source } = await anExport([padCell('a'), padCell('b')]);
    await change(source);
    expect(await verifyData(source, { directory })).toMatchObject({
      kind: 'differs',
      differences: [{ collection: 'padCells' }],
    });
  });

  it('does not mind what is about to expire', async () => {
    const { directory, source } = await anExport([padCell('a', NOON + 3_600_000), padCell('b')]);
    await source.deleteAll(collectionOf('padCells'), { limit: 1 });
    expect((await verifyData(source, { directory })).kind).toBe('equal');
  });
});
