import type { DocumentStore, Found } from '@keyserver/docstore';
import { type ExposureKey, type StoreUpload, keyEnd, keyHex } from '@keyserver/exposure-keys';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { randomId, systemRandom } from '@keyserver/random';
import {
  DAY,
  HOUR,
  INTERVAL,
  MINUTE,
  type SimulatedClock,
  intervalNumber,
  simulatedClock,
  unixMillis,
  alwaysWindow,
  windowLength,
} from '@keyserver/time';
import fc from 'fast-check';
import {
  type KeyBatchDocument,
  type NewKeyBatch,
  keyBatchDocument,
  keyBatches,
} from './key-batch-document.ts';
import { storeUploads } from './key-store.ts';
import { forgetful, interrupted } from './testing/unreliable-store.ts';
import {
  NOON,
  SETTINGS,
  aKey,
  aKeyUntil,
  anUpload,
  batchesIn,
  keysOf,
  recordsOf,
} from './testing/uploads.ts';
import { padRevised } from './padding-documents.ts';
import { skippedCountsId, totalDeltas } from './total-deltas.ts';

const WINDOW = HOUR;
const hex = (...keys: readonly ExposureKey[]) => keys.map(({ data }) => keyHex(data)).sort();
const MISSING_TOKEN = { kind: 'refused', code: 'missing_revision_token' };

// Store time never goes back, so every test begins at noon of a later day.
let clock: SimulatedClock;
let store: DocumentStore;
let upload: StoreUpload;

beforeAll(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
  upload = storeUploads(store, SETTINGS, systemRandom);
});
afterAll(closeTestStores);
beforeEach(() => {
  clock.set(unixMillis(clock.now() - (clock.now() % DAY) + DAY + 12 * HOUR));
});
afterEach(async () => {
  await store.deleteAll(keyBatches, {});
  await store.deleteAll(totalDeltas, {});
  await store.deleteAll(padRevised, {});
});

async function all<D>(from: Parameters<typeof store.pages<D>>[0]): Promise<readonly Found<D>[]> {
  const found: Found<D>[] = [];
  for await (const page of store.pages(from, {})) found.push(...page);
  return found;
}
const documents = async (): Promise<readonly KeyBatchDocument[]> =>
  (await all(keyBatches)).map(({ value }) => value);
const storeBatch = async (
  fields: Pick<NewKeyBatch, 'records'> & Partial<NewKeyBatch>,
): Promise<void> => {
  const batch: NewKeyBatch = {
    ...{ window: clock.now(), kind: 'primary', origin: 'local', sourceId: '' },
    ...{ regions: ['US'], traveler: false, app: 'a', ...fields },
  };
  const document = keyBatchDocument(batch, SETTINGS, systemRandom);
  await store.transact((tx) => {
    tx.create(keyBatches, randomId(systemRandom), document);
    return Promise.resolve();
  });
};
const deltas = async () => (await all(totalDeltas)).map(({ value }) => value);
const everything = async () =>
  await batchesIn(store, clock.now() - 14 * DAY, clock.now() + 9 * DAY);

describe('an upload', () => {
  it('becomes one document of sorted records in the present window', async () => {
    const keys = [aKey(3), aKey(1), aKey(2)];
    expect(await upload(anUpload(keys, { traveler: true }))).toMatchObject({
      ...{ kind: 'stored', inserted: 3, revised: 0 },
      revisable: [{ data: aKey(3).data, period: 144 }, {}, {}],
    });
    const found = await documents();
    expect(found).toMatchObject([
      {
        window: clock.now(),
        kind: 'primary',
        origin: 'local',
        sourceId: '',
        regions: ['US', 'CA'],
        traveler: true,
        app: 'gov.example.doh',
        authority: 7,
        authorityName: 'Department of Health',
      },
    ]);
    expect(Buffer.compare(found[0]!.records, recordsOf(aKey(1), aKey(2), aKey(3)))).toBe(0);
  });

  it('tells nothing of its time within the window', async () => {
    clock.advance(37 * MINUTE);
    await upload(anUpload([aKey(1)]));
    clock.advance(22 * MINUTE);
    await upload(anUpload([aKey(2)]));
    clock.advance(MINUTE);
    const [one, other] = await documents();
    expect(one!.window % WINDOW).toBe(0);
    expect(other!.window).toBe(one!.window);
    expect(other!.expireAt).toBe(one!.expireAt);
  });

  it('names no authority when none verified it, and is not counted', async () => {
    await upload(anUpload([aKey(1)], { authority: undefined }));
    const [found] = await documents();
    expect(found).not.toHaveProperty('authority');
    expect(found).not.toHaveProperty('authorityName');
    expect(await deltas()).toEqual([]);
  });

  it('is looked up as a whole, though one search cannot name all its keys', async () => {
    const fresh = (from: number) => Array.from({ length: 61 }, (_, n) => aKey(from + n));
    await upload(anUpload([aKey(1000)]));
    for (const n of [0, 29, 30, 59, 60])
      expect(await upload(anUpload(fresh(0).with(n, aKey(1000)), { app: 'b' }))).toEqual(
        MISSING_TOKEN,
      );
    expect(await upload(anUpload(fresh(0)))).toMatchObject({ kind: 'stored', inserted: 61 });
    expect(keysOf(await everything())).toEqual(hex(aKey(1000), ...fresh(0)));
  });

  it('of no keys at all changes nothing', async () => {
    expect(await upload(anUpload([]))).toMatchObject({ kind: 'stored', inserted: 0 });
    expect(await documents()).toEqual([]);
    expect(await deltas()).toEqual([]);
  });
});

describe('a key that is still valid', () => {
  it('waits in a document of its own until the window after its end', async () => {
    const now = clock.now();
    const valid = aKeyUntil(2, unixMillis(now + 10 * HOUR));
    await upload(anUpload([aKey(1), valid]));
    expect(keysOf(await batchesIn(store, now, now + WINDOW))).toEqual(hex(aKey(1)));
    expect(keysOf(await batchesIn(store, now + WINDOW, now + 11 * HOUR))).toEqual([]);
    expect(keysOf(await batchesIn(store, now + 11 * HOUR, now + 12 * HOUR))).toEqual(hex(valid));
  });

  it('shares a document with the keys of the same upload that end in the same window only', async () => {
    const ends = [3, 3, 5].map((hours) => unixMillis(clock.now() + hours * HOUR));
    await upload(anUpload(ends.map((end, n) => aKeyUntil(n, end))));
    const windows = (await documents()).map(({ window, records }) => [window, records.length / 24]);
    expect(windows.sort()).toEqual([
      [ends[0]! + WINDOW, 2],
      [ends[2]! + WINDOW, 1],
    ]);
  });

  it('is known before it is released', async () => {
    const valid = aKeyUntil(1, unixMillis(clock.now() + 10 * HOUR));
    await upload(anUpload([valid]));
    expect(await upload(anUpload([valid], { app: 'another' }))).toEqual(MISSING_TOKEN);
  });

  it('is released at once when it ends with the interval before now', async () => {
    const ended = aKeyUntil(1, clock.now());
    await upload(anUpload([ended]));
    expect((await documents()).map(({ window }) => window)).toEqual([clock.now()]);
  });
});

describe('a key that is stored already', () => {
  it.each([
    ['none', 'missing_revision_token'],
    ['unreadable', 'invalid_revision_token'],
  ] as const)(
    'refuses an upload with token %s as %s, and nothing is written',
    async (token, code) => {
      await upload(anUpload([aKey(1)]));
      clock.advance(WINDOW);
      const before = [await all(keyBatches), await all(totalDeltas)];
      const again = anUpload([aKey(2), aKey(1), aKey(3)], { token });
      expect(await upload(again)).toEqual({ kind: 'refused', code });
      expect([await all(keyBatches), await all(totalDeltas)]).toEqual(before);
    },
  );

  it('refuses it whoever sent it first, also as a negative result', async () => {
    await upload(anUpload([aKey(1)]));
    const other = { app: 'org.other', authority: undefined, regions: ['DE'] };
    expect(await upload(anUpload([aKey(1, { risk: 5 })], other))).toEqual(MISSING_TOKEN);
    expect(await upload(anUpload([aKey(1, { reportType: 'negative' })]))).toEqual(MISSING_TOKEN);
    expect(await documents()).toHaveLength(1);
  });

  it('is recognised by all its bytes: another key of the same hash is no match', async () => {
    const colliding = storeUploads(store, { ...SETTINGS, hashKey: () => 1 }, systemRandom);
    expect(await colliding(anUpload([aKey(1)]))).toMatchObject({ kind: 'stored' });
    expect(await colliding(anUpload([aKey(2), aKey(3)]))).toMatchObject({
      kind: 'stored',
      inserted: 2,
    });
    clock.advance(WINDOW);
    expect(await colliding(anUpload([aKey(4), aKey(3)]))).toEqual(MISSING_TOKEN);
    expect(keysOf(await everything())).toEqual(hex(aKey(1), aKey(2), aKey(3)));
  });

  it('is recognised wherever it lies in a document of many', async () => {
    const many = Array.from({ length: 500 }, (_, n) => aKey(n + 10));
    await storeBatch({ origin: 'federated', records: recordsOf(...many) });
    for (const n of [10, 137, 509])
      expect(await upload(anUpload([aKey(n)]))).toEqual(MISSING_TOKEN);
    expect(await upload(anUpload([aKey(1), aKey(510)]))).toMatchObject({
      kind: 'stored',
      inserted: 2,
    });
  });

  it('is recognised in whichever of the documents that were found it lies', async () => {
    const colliding = storeUploads(store, { ...SETTINGS, hashKey: () => 1 }, systemRandom);
    for (const n of [1, 2, 3]) await colliding(anUpload([aKey(n)]));
    clock.advance(WINDOW);
    for (const n of [1, 2, 3])
      expect(await colliding(anUpload([aKey(7), aKey(n), aKey(8)]))).toEqual(MISSING_TOKEN);
    expect(await colliding(anUpload([aKey(7), aKey(8)]))).toMatchObject({
      kind: 'stored',
      inserted: 2,
    });
  });

  it('is recognised beside a revision of it', async () => {
    await upload(anUpload([aKey(1)]));
    await storeBatch({ kind: 'revision', records: recordsOf(aKey(1, { risk: 5 })) });
    clock.advance(WINDOW);
    expect(await upload(anUpload([aKey(1)]))).toEqual(MISSING_TOKEN);
  });

  it('is not known by a revision alone, whose primary is gone', async () => {
    await storeBatch({ kind: 'revision', records: recordsOf(aKey(1)) });
    expect(await upload(anUpload([aKey(1)]))).toMatchObject({ kind: 'stored', inserted: 1 });
  });
});

describe('what is known of a stored key', () => {
  // The document itself may vanish at any time after that; the lookup must not wait for it.
  const lookupAt = async (key: ExposureKey, t: number): Promise<string> => {
    clock.set(unixMillis(t));
    return (await upload(anUpload([key, aKey(99)]))).kind;
  };

  it('is forgotten with the window when the key itself could no longer be published', async () => {
    const old = aKeyUntil(1, unixMillis(clock.now() - 14 * DAY));
    const window = clock.now();
    await upload(anUpload([old]));
    expect(await lookupAt(old, window + SETTINGS.retention - 1)).toBe('refused');
    expect(await lookupAt(old, window + SETTINGS.retention)).toBe('stored');
  });

  it('outlives the window while the key itself could still be published', async () => {
    const young = aKeyUntil(1, clock.now());
    const publishable = clock.now() + SETTINGS.maxKeyAge + 2 * WINDOW;
    await upload(anUpload([young]));
    expect(await lookupAt(young, publishable - 1)).toBe('refused');
    expect(await lookupAt(young, publishable)).toBe('stored');
  });

  it('outlives the window of an embargoed key for as long', async () => {
    const end = unixMillis(clock.now() + 23 * HOUR);
    const valid = aKeyUntil(1, end);
    await upload(anUpload([valid]));
    const publishable = end + SETTINGS.maxKeyAge + 2 * WINDOW;
    expect(await lookupAt(valid, publishable - 1)).toBe('refused');
    expect(await lookupAt(valid, publishable)).toBe('stored');
  });
});

describe('the count of an upload', () => {
  it('tells no finer time than the window, also where that is longer than an hour', async () => {
    const daily = { ...SETTINGS, windows: () => alwaysWindow(windowLength(DAY)!) };
    await storeUploads(store, daily, systemRandom)(anUpload([aKey(1)]));
    expect(await deltas()).toMatchObject([{ hour: clock.now() - 12 * HOUR, keys: 1 }]);
  });
});

describe('a negative result', () => {
  const negative = (n: number) => aKey(n, { reportType: 'negative' });

  it('of new keys is counted and never stored', async () => {
    expect(await upload(anUpload([negative(1), negative(2)]))).toMatchObject({
      ...{ kind: 'stored', inserted: 0, onlyCounted: true },
      revisable: [{ data: negative(1).data }, {}],
    });
    expect(await upload(anUpload([negative(1), negative(2)]))).not.toHaveProperty('onlyCounted');
    expect(await documents()).toEqual([]);
    expect(await deltas()).toMatchObject([{ keys: 0, authority: 7 }]);
  });

  it('that is sent again and again is counted once an hour', async () => {
    const sent = anUpload([negative(1), negative(2)]);
    const reordered = anUpload([negative(2), negative(1)]);
    for (const again of [sent, sent, reordered])
      expect(await upload(again)).toMatchObject({ kind: 'stored', inserted: 0 });
    expect(await deltas()).toHaveLength(1);
    clock.advance(HOUR);
    await upload(sent);
    const now = clock.now();
    expect((await deltas()).map(({ hour }) => hour).sort()).toEqual([now - HOUR, now]);
  });

  it('is counted once when it is sent many times at once', async () => {
    const sent = anUpload([negative(1)]);
    const outcomes = await Promise.all(Array.from({ length: 8 }, async () => await upload(sent)));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['stored']));
    expect(await deltas()).toHaveLength(1);
  });

  it('is counted for each authority and for each set of keys', async () => {
    const other = { id: 8, name: 'Another Department' };
    await upload(anUpload([negative(1)]));
    await upload(anUpload([negative(1)], { authority: other }));
    await upload(anUpload([negative(1), negative(2)]));
    expect(await deltas()).toHaveLength(3);
  });

  it('that was counted does not keep other keys of the same upload from being stored', async () => {
    const mixed = anUpload([negative(1), aKey(2)]);
    await upload(anUpload([negative(1)]));
    expect(await upload(mixed)).toMatchObject({ kind: 'stored', inserted: 1 });
    expect(keysOf(await everything())).toEqual(hex(aKey(2)));
  });

  it('leaves counts whose id tells nothing to whoever lacks the secret', async () => {
    await upload(anUpload([negative(1)]));
    const foreign = { ...SETTINGS, skippedCountsId: skippedCountsId(Buffer.alloc(32, 2)) };
    await storeUploads(store, foreign, systemRandom)(anUpload([negative(1)]));
    expect(await deltas()).toHaveLength(2);
  });

  it('can be sent again, since nothing of it is known', async () => {
    await upload(anUpload([negative(1)]));
    expect(await upload(anUpload([negative(1)]))).toMatchObject({ kind: 'stored', inserted: 0 });
    expect(await upload(anUpload([aKey(1)]))).toMatchObject({ kind: 'stored', inserted: 1 });
  });
});

describe('uploads at the same time', () => {
  it('of the same key store it once', async () => {
    const rivals = Array.from({ length: 8 }, (_, n) =>
      anUpload([aKey(1), aKey(10 + n)], { app: `org.example.app${n}` }),
    );
    const outcomes = await Promise.all(rivals.map(async (rival) => await upload(rival)));
    expect(outcomes.filter(({ kind }) => kind === 'stored')).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toHaveLength(7);
    expect(keysOf(await everything())).toHaveLength(2);
    expect(await deltas()).toHaveLength(1);
  });

  it('of the same key refuse the one that looked first and committed last', async () => {
    const slow = storeUploads(
      interrupted(store, async () => {
        expect(await upload(anUpload([aKey(1)]))).toMatchObject({ kind: 'stored' });
      }),
      SETTINGS,
      systemRandom,
    );
    expect(await slow(anUpload([aKey(1, { period: 12 }), aKey(2)]))).toEqual(MISSING_TOKEN);
    expect(keysOf(await everything())).toEqual(hex(aKey(1)));
  });

  it('of different keys all succeed', async () => {
    const many = Array.from({ length: 20 }, (_, n) => anUpload([aKey(2 * n), aKey(2 * n + 1)]));
    const outcomes = await Promise.all(many.map(async (one) => await upload(one)));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'stored', inserted: 2 });
    expect(keysOf(await everything())).toHaveLength(40);
  });
});

describe('a revision', () => {
  const likely = aKey(1, { reportType: 'likely', risk: 4, onsetDays: 2 });
  const other = { id: 8, name: 'Another Department' };
  const revise = async (
    keys: readonly ExposureKey[],
    fields: Partial<Parameters<typeof anUpload>[1]> = {},
  ) => await upload(anUpload(keys, { token: keys, ...fields }));
  const revisions = async () => (await documents()).filter(({ kind }) => kind === 'revision');

  it('is a document of its own: for whom from the key, what and by whom from the upload', async () => {
    await upload(anUpload([likely], { traveler: true, regions: ['CA'] }));
    const published = clock.now();
    clock.advance(WINDOW);
    const changed = aKey(1, { risk: 7, onsetDays: 1 });
    expect(await revise([changed], { authority: other })).toMatchObject({
      ...{ kind: 'stored', inserted: 0, revised: 1, revisable: [{ data: likely.data }] },
    });
    expect(await revisions()).toMatchObject([
      {
        ...{ window: published + WINDOW, origin: 'local', sourceId: '', app: 'gov.example.doh' },
        ...{ regions: ['CA'], traveler: true, authority: 8, authorityName: other.name },
        records: recordsOf(changed),
      },
    ]);
    const counted = (await deltas()).find(({ authority }) => authority === 8);
    expect(counted).toMatchObject({ keys: 1, revisions: 1, onsetMissing: 0 });
    expect(counted).not.toHaveProperty('onsetDays');
  });

  it('is exported no sooner than the key, which may still wait for its end', async () => {
    const end = unixMillis(clock.now() + 5 * HOUR);
    const valid = { ...aKeyUntil(1, end), reportType: 'likely' as const };
    await upload(anUpload([valid]));
    clock.advance(WINDOW);
    await revise([{ ...valid, reportType: 'confirmed' }]);
    expect((await documents()).map(({ window }) => window)).toEqual([end + WINDOW, end + WINDOW]);
  });

  it('comes once, whoever else sends one at the same time', async () => {
    await upload(anUpload([likely]));
    const outcomes = await Promise.all(
      (['confirmed', 'negative', 'confirmed', 'negative'] as const).map(
        async (reportType) => await revise([aKey(1, { reportType })]),
      ),
    );
    expect(await revisions()).toHaveLength(1);
    expect(outcomes).toContainEqual({ kind: 'refused', code: 'key_already_revised' });
    expect(outcomes.filter((one) => one.kind === 'stored' && one.revised === 1)).toHaveLength(1);
  });

  it('counts only where something changes', async () => {
    await upload(anUpload([likely]));
    await revise([aKey(1)]);
    const before = await all(totalDeltas);
    expect(await revise([aKey(1)])).toMatchObject({ revised: 0, revisable: [] });
    expect(await all(totalDeltas)).toEqual(before);
  });

  it('beside new keys is stored with them', async () => {
    await upload(anUpload([likely]));
    expect(await revise([aKey(1), aKey(2)])).toMatchObject({ inserted: 1, revised: 1 });
    expect(await deltas()).toContainEqual(expect.objectContaining({ keys: 2, revisions: 1 }));
  });

  it('whose outcome was not heard of is written once', async () => {
    await upload(anUpload([likely]));
    const unheard = storeUploads(forgetful(store), SETTINGS, systemRandom);
    expect(await unheard(anUpload([aKey(1)], { token: [likely] }))).toMatchObject({ revised: 1 });
    expect(await revisions()).toHaveLength(1);
    expect(await deltas()).toHaveLength(2);
  });

  it('marks what it revises, a real document like a generated one', async () => {
    await upload(anUpload([likely, aKey(3, { reportType: 'likely' })]));
    const [published] = await all(keyBatches);
    await revise([aKey(1)]);
    await revise([aKey(3)]);
    expect((await all(padRevised)).map(({ id }) => id)).toEqual([published!.id]);
  });

  it('of a generated key is marked, so that padding does not revise it too', async () => {
    const document = keyBatchDocument(
      {
        ...{ window: clock.now(), kind: 'primary', origin: 'padding', sourceId: 'cell/attempt' },
        ...{ regions: ['US'], traveler: false, app: 'gov.example.doh' },
        records: recordsOf(likely, aKey(2, { reportType: 'likely' })),
      },
      SETTINGS,
      systemRandom,
    );
    await store.transact((tx) => {
      tx.create(keyBatches, 'generated', document);
      return Promise.resolve();
    });
    const bypass = { bypassToken: true, token: 'none' } as const;
    for (const n of [1, 2])
      expect(await upload(anUpload([aKey(n)], bypass))).toMatchObject({ revised: 1 });
    expect((await all(padRevised)).map(({ id }) => id)).toEqual(['generated']);
    expect(await revisions()).toMatchObject([{ origin: 'local' }, { origin: 'local' }]);
  });
});

describe('a commit whose outcome was not heard of', () => {
  const unheard: StoreUpload = async (sent) =>
    await storeUploads(forgetful(store), SETTINGS, systemRandom)(sent);

  it('is answered as it went, and nothing is stored or counted twice', async () => {
    const valid = aKeyUntil(3, unixMillis(clock.now() + 10 * HOUR));
    const sent = anUpload([aKey(1), aKey(2), valid]);
    expect(await unheard(sent)).toMatchObject({ kind: 'stored', inserted: 3 });
    expect(keysOf(await everything())).toEqual(hex(aKey(1), aKey(2), valid));
    expect(await deltas()).toMatchObject([{ keys: 3 }]);
  });

  it('is recognised by its keys alone when nothing is counted', async () => {
    const sent = anUpload([aKey(1)], { authority: undefined });
    expect(await unheard(sent)).toMatchObject({ kind: 'stored', inserted: 1 });
    expect(keysOf(await everything())).toEqual(hex(aKey(1)));
  });

  it('is recognised by its count alone when no key is stored', async () => {
    const sent = anUpload([aKey(1, { reportType: 'negative' })]);
    expect(await unheard(sent)).toMatchObject({ kind: 'stored', inserted: 0 });
    expect(await deltas()).toHaveLength(1);
  });

  it('is refused again when it was refused', async () => {
    await upload(anUpload([aKey(1)]));
    clock.advance(WINDOW);
    expect(await unheard(anUpload([aKey(1)]))).toEqual(MISSING_TOKEN);
    expect(await documents()).toHaveLength(1);
  });
});

describe('a window that ends between the lookup and the commit', () => {
  const crossing = (ms: number): StoreUpload =>
    storeUploads(
      interrupted(store, async () => {
        clock.advance(ms);
        await Promise.resolve();
      }),
      SETTINGS,
      systemRandom,
    );
  const toLastMinute = (): void => {
    clock.set(unixMillis(clock.now() - (clock.now() % WINDOW) + WINDOW - MINUTE));
  };

  it('receives nothing any more: the keys go to the next one', async () => {
    toLastMinute();
    const closed = clock.now() + MINUTE;
    expect(await crossing(MINUTE)(anUpload([aKey(1)]))).toMatchObject({
      kind: 'stored',
      inserted: 1,
    });
    expect((await documents()).map(({ window }) => window)).toEqual([closed]);
    expect((await deltas()).map(({ hour }) => hour)).toEqual([closed]);
    expect(await batchesIn(store, closed - 14 * DAY + WINDOW, closed)).toEqual([]);
  });

  it('still receives what commits in its last millisecond', async () => {
    toLastMinute();
    const window = clock.now() + MINUTE - WINDOW;
    await crossing(MINUTE - 1)(anUpload([aKey(1)]));
    expect((await documents()).map((found) => found.window)).toEqual([window]);
    clock.advance(1);
  });

  it('releases a key that has ended meanwhile as if it had come after its end', async () => {
    toLastMinute();
    const end = unixMillis(clock.now() + MINUTE);
    await crossing(MINUTE)(anUpload([aKeyUntil(1, end)]));
    expect((await documents()).map(({ window }) => window)).toEqual([end]);
  });
});

describe('every uploaded key', () => {
  const shape = fc.record({
    wait: fc.integer({ min: 0, max: 3 * HOUR }),
    keys: fc.array(
      fc.record({
        end: fc.integer({ min: -300, max: 143 }),
        period: fc.integer({ min: 1, max: 144 }),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    authority: fc.boolean(),
    twice: fc.boolean(),
  });

  it('is read exactly once over all windows, never before it has ended and its window is closed', async () => {
    const arbitrary = fc.tuple(
      fc.array(shape, { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 0, max: 48 }), { maxLength: 6 }),
    );
    await fc.assert(
      fc.asyncProperty(arbitrary, async ([uploads, cuts]) => {
        await store.deleteAll(keyBatches, {});
        const begun = clock.now() - (clock.now() % WINDOW);
        const sent = new Map<string, { readonly end: number; readonly at: number }>();
        let n = 0;
        for (const { wait, keys, authority, twice } of uploads) {
          clock.advance(wait);
          const at = clock.now();
          const offered = keys.map(({ end, period }) =>
            aKey(n++, { start: intervalNumber(Math.floor(at / INTERVAL) + end - period), period }),
          );
          for (const key of offered)
            sent.set(keyHex(key.data), { end: keyEnd(key) * INTERVAL, at });
          const one = anUpload(offered, authority ? {} : { authority: undefined });
          const outcome = await (
            twice ? storeUploads(forgetful(store), SETTINGS, systemRandom) : upload
          )(one);
          expect(outcome).toMatchObject({ kind: 'stored', inserted: offered.length });
        }
        const edges = [0, 80, ...cuts].sort((a, b) => a - b).map((cut) => begun + cut * HOUR);
        const read: string[] = [];
        for (const [i, from] of edges.slice(0, -1).entries())
          for (const batch of await batchesIn(store, from, edges[i + 1]!)) {
            expect(batch.window).toBeGreaterThanOrEqual(from);
            expect(batch.window).toBeLessThan(edges[i + 1]!);
            for (const key of keysOf([batch])) {
              const closed = batch.window + WINDOW;
              expect(closed).toBeGreaterThan(sent.get(key)!.at);
              expect(closed).toBeGreaterThanOrEqual(sent.get(key)!.end);
              read.push(key);
            }
          }
        expect(read.sort()).toEqual([...sent.keys()].sort());
      }),
      { numRuns: 40 },
    );
  });
});
