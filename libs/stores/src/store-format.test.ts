import { type DocumentStore, StoreFault } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { systemRandom } from '@keyserver/random';
import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  alwaysWindow,
  simulatedClock,
  windowLength,
} from '@keyserver/time';
import { exportProgress } from './export-batch-document.ts';
import { keyBatchDocument, keyBatches, keyHasher } from './key-batch-document.ts';
import type { KnownFormat } from './compare-format.ts';
import { compareStoreFormat, formatChange, openStoreFormat } from './open-store-format.ts';
import { FORMAT_ID, type StoreFormat, readStoreFormat, storeFormat } from './store-format.ts';
import { NOON, SETTINGS, aKey, recordsOf } from './testing/uploads.ts';
import type { KeyWrapping } from './wrapping-check.ts';

const length = (ms: number) => windowLength(ms)!;
const SECRET = Buffer.alloc(32, 1);
const KNOWN = {
  place: '/srv/keys',
  window: length(HOUR),
  profile: 'production',
  keyHashSecret: SECRET,
} as const;

let store: DocumentStore;
const clock = simulatedClock(NOON);
beforeEach(async () => {
  clock.set(NOON);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

const open = async (known: Partial<KnownFormat> = {}): Promise<StoreFormat> =>
  await openStoreFormat(store, { ...KNOWN, ...known }, systemRandom);

async function put(format: Partial<StoreFormat>): Promise<void> {
  const present = await open();
  await store.transact(async (tx) => {
    tx.set(storeFormat, FORMAT_ID, { ...present, ...format });
    await Promise.resolve();
  });
}

/** A store with one key, as a version without a format document has left it. */
async function withKey(options: { window: number; secret?: Uint8Array }): Promise<void> {
  const settings = { ...SETTINGS, hashKey: keyHasher(options.secret ?? SECRET) };
  const batch = {
    ...({
      kind: 'primary',
      origin: 'local',
      sourceId: '',
      regions: ['US'],
      traveler: false,
    } as const),
    ...{ window: options.window as typeof NOON, app: 'app', records: recordsOf(aKey(1)) },
  };
  await store.transact(async (tx) => {
    tx.create(keyBatches, 'one', keyBatchDocument(batch, settings, systemRandom));
    await Promise.resolve();
  });
}

const withCoverage = async (coveredUntil: number): Promise<void> => {
  await store.transact(async (tx) => {
    tx.set(exportProgress, 'us', { coveredUntil });
    await Promise.resolve();
  });
};

describe('a store that does not say its format yet, and whose clock is doubted', () => {
  it.each([
    ['accept', 20 * DAY],
    ['reset', -20 * DAY],
  ] as const)('says how to go on, and goes on after time was mended by %s', async (remedy, by) => {
    const fresh = await openTestStore({ clock });
    clock.jump(by);
    const opening = async () => await openStoreFormat(fresh, KNOWN, systemRandom);
    await expect(opening()).rejects.toMatchObject({ code: 'clock' });
    await expect(opening()).rejects.toThrow('`npx keyserver store time show` tells what to do');
    expect(await readStoreFormat(fresh)).toBeUndefined();
    expect(await fresh.timeReport()).toMatchObject({ remedy });
    await fresh.mendTime(remedy, async (tx) => {
      await tx.get(storeFormat, [FORMAT_ID]);
    });
    expect(await opening()).toEqual(await readStoreFormat(fresh));
  });
});

it('is not compared while the store cannot tell the time', async () => {
  await open();
  const away = new StoreFault('unavailable', 'the store is away');
  const mute = Object.assign(Object.create(store) as DocumentStore, {
    now: () => Promise.reject(away),
  });
  await expect(compareStoreFormat(mute, KNOWN)).rejects.toBe(away);
  await expect(openStoreFormat(mute, KNOWN, systemRandom)).rejects.toBe(away);
});

describe('a new store', () => {
  it('remembers what it was opened with, under an id of its own', async () => {
    const format = await open();
    expect(format).toMatchObject({
      ...{ version: 1, shards: 64, closingDelay: 0, profile: 'production' },
      windows: alwaysWindow(length(HOUR)),
    });
    expect(format.storeId).toMatch(/^[0-9a-f]{32}$/);
    expect(await readStoreFormat(store)).toEqual(format);
    expect(await open()).toEqual(format);
  });

  it('is not made with windows that no plan of its profile can hold', async () => {
    await expect(open({ profile: 'development', window: length(5 * MINUTE) })).rejects.toThrow(
      'TRUNCATE_WINDOW_SECONDS is 300, but in the profile development a plan lasts 60 s: set it to a number that divides 60',
    );
    expect(await readStoreFormat(store)).toBeUndefined();
    await open({ profile: 'development', window: length(MINUTE) });
  });

  it('holds nothing by which the secret could be told', async () => {
    const { keyHashCheck = '' } = await open();
    expect(keyHashCheck).toMatch(/^[0-9a-f]{32}$/);
    expect(SECRET.toString('hex')).not.toContain(keyHashCheck);
  });

  it('is told what the first who opened it did not know', async () => {
    const first = await openStoreFormat(
      store,
      { place: 'here', window: KNOWN.window, profile: 'production' },
      systemRandom,
    );
    expect(first.keyHashCheck).toBeUndefined();
    await open();
    const { keyHashCheck } = (await readStoreFormat(store))!;
    expect(keyHashCheck).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is given one id by openers that come at once', async () => {
    const formats = await Promise.all([open(), open(), open()]);
    expect(new Set(formats.map(({ storeId }) => storeId)).size).toBe(1);
  });

  it('lets only one of two openers that disagree have it', async () => {
    const opened = await Promise.allSettled([open(), open({ window: length(5 * MINUTE) })]);
    expect(opened.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('learns the window from the first who knows it, and then keeps it', async () => {
    const first = await openStoreFormat(store, { place: KNOWN.place }, systemRandom);
    expect(first).not.toHaveProperty('windows');
    expect(await open()).toMatchObject({ ...first, windows: alwaysWindow(length(HOUR)) });
    await expect(open({ window: length(MINUTE) })).rejects.toThrow('TRUNCATE_WINDOW_SECONDS');
  });
});

describe('a store that is opened otherwise', () => {
  it.each([
    [
      'another window',
      { window: length(5 * MINUTE) },
      'TRUNCATE_WINDOW_SECONDS is 300, but the data in /srv/keys are written with 3600: set it to 3600, or change the window with `npx keyserver store set-window 300`',
    ],
    [
      'another profile',
      { profile: 'development' as const },
      'PROFILE is development, but the data in /srv/keys were written in the profile production: set PROFILE=production, or begin with an empty store',
    ],
    ['another secret', { keyHashSecret: Buffer.alloc(32, 2) }, 'put that one back'],
  ])(
    'is refused with %s, and stays as it was',
    async (_, known: Partial<KnownFormat>, sentence) => {
      const before = await open();
      await expect(open(known)).rejects.toThrow(sentence);
      await expect(compareStoreFormat(store, { ...KNOWN, ...known })).rejects.toThrow(sentence);
      expect(await readStoreFormat(store)).toEqual(before);
    },
  );

  it.each([
    ['of a later version', { version: 2 }, 'use the version of the program that wrote them'],
    ['with other shards', { shards: 32 }, 'use the version of the program that wrote them'],
    ['of another platform', { closingDelay: 330 * SECOND }, 'npx keyserver data export'],
  ])('is refused when its data are %s', async (_, format, sentence) => {
    await put(format);
    await expect(open()).rejects.toThrow(sentence);
  });

  it('takes the window of today and one that is decided for later, but not one of the past', async () => {
    const [first] = alwaysWindow(length(HOUR));
    const later = { from: (NOON + HOUR) as typeof NOON, length: length(5 * MINUTE) };
    await put({ windows: [first, later] });
    await open();
    await open({ window: later.length });
    await expect(open({ window: length(MINUTE) })).rejects.toThrow('are written with 3600');
    clock.advance(HOUR);
    await open({ window: later.length });
    await expect(open()).rejects.toThrow('are written with 300');
  });

  it('cannot be read when its windows are none', () => {
    expect(() => storeFormat.codec.decode(encodedWith([]))).toThrow('without a window');
    expect(() => storeFormat.codec.decode(encodedWith([{ from: 0, length: 7 }]))).toThrow(
      'impossible window',
    );
  });
});

const encodedWith = (windows: unknown): Uint8Array =>
  storeFormat.codec.encode({
    ...{ version: 1, storeId: '', shards: 64, closingDelay: 0 },
    windows: windows as StoreFormat['windows'] & object,
  });

describe('a store of an earlier version, which does not say its format', () => {
  it('is taken over when everything in it fits', async () => {
    await withKey({ window: NOON - HOUR });
    await withCoverage(NOON);
    expect(await open()).toMatchObject({ windows: alwaysWindow(length(HOUR)) });
  });

  it('is refused with a window that its keys do not lie in', async () => {
    await withKey({ window: NOON - 50 * MINUTE });
    await expect(open()).rejects.toThrow('keys in /srv/keys lie in windows that are no multiples');
    expect(await readStoreFormat(store)).toBeUndefined();
  });

  it('is refused with a secret that does not find its keys', async () => {
    await withKey({ window: NOON, secret: Buffer.alloc(32, 9) });
    await expect(open()).rejects.toThrow('the key-hash secret does not find the keys in /srv/keys');
  });

  it('is refused with a window that an export has ended in, where uploads would get into no file', async () => {
    clock.advance(34 * MINUTE);
    await withCoverage(NOON + 30 * MINUTE);
    await expect(open()).rejects.toThrow('ends within the present window');
    await open({ window: length(10 * MINUTE) });
  });

  it('is looked at again for what was not known before', async () => {
    await withKey({ window: NOON - 50 * MINUTE });
    await openStoreFormat(store, { place: KNOWN.place }, systemRandom);
    await expect(open()).rejects.toThrow('no multiples');
  });
});

describe('the wrapping key', () => {
  const wrappingWith = (key: number): KeyWrapping => ({
    wrap: async (value) => await Promise.resolve(Uint8Array.of(key, ...value)),
    unwrap: async ([first, ...value]) =>
      await Promise.resolve(first === key ? Uint8Array.from(value) : undefined),
  });

  it('is remembered by the first who has one, and must open the same value ever after', async () => {
    await open();
    const bound = await open({ wrapping: wrappingWith(1) });
    expect(await open({ wrapping: wrappingWith(1) })).toEqual(bound);
    expect(await open()).toEqual(bound);
    await expect(open({ wrapping: wrappingWith(2) })).rejects.toThrow('the wrapping key is not');
  });

  it('is refused when it gives something else than was wrapped', async () => {
    await open({ wrapping: wrappingWith(1) });
    const forged = { ...wrappingWith(1), unwrap: async () => await Promise.resolve(SECRET) };
    await expect(open({ wrapping: forged })).rejects.toThrow('the wrapping key is not');
  });
});

describe('a store under a running service', () => {
  it('is the same one whatever is added to its format', async () => {
    const opened = await openStoreFormat(store, KNOWN, systemRandom);
    await put({ windows: alwaysWindow(length(MINUTE)) });
    expect(await formatChange(store, opened)).toBeUndefined();
  });

  it.each([
    ['storeId', { storeId: '0'.repeat(32) }],
    ['keyHashCheck', { keyHashCheck: '0'.repeat(32) }],
    ['profile', { profile: 'development' as const }],
  ])('is another one once its %s is', async (_, format) => {
    const opened = await open();
    await put(format);
    expect(await formatChange(store, opened)).toContain('not the one that was opened');
  });

  it('is missed when it says nothing any more', async () => {
    const opened = await open();
    await store.deleteAll(storeFormat, {});
    expect(await formatChange(store, opened)).toContain('does not say its format any more');
  });
});
