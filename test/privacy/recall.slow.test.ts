import { readKeys } from '@keyserver/export-file';
import { DEFAULT_KEY_RULES } from '@keyserver/exposure-keys';
import { anExport } from '@keyserver/export/testing';
import { rangePlace, revokeKeys } from '@keyserver/operations';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { keyBatches, openStoreFormat, padRevised, rememberedWindows } from '@keyserver/stores';
import { DAY, HOUR, floorTo, unixMillis } from '@keyserver/time';
import { auc } from './padding/auc.ts';
import { happens, simulatedChance } from './padding/chance.ts';
import { drawHabit, drawUpload } from './padding/population.ts';
import { GENERATED, type LabelledFile } from './padding/seen-file.ts';
import { SIMULATED_WINDOW } from './padding/simulate-files.ts';
import { type SeenBatch, openSimulatedServer } from './padding/simulated-server.ts';
import { tellRealKeys } from './padding/tell-real-keys.ts';

/*
 * Somebody has all files, and knows the truth about the keys of two thirds of them. An operator takes back everything of some days.
 * Does it tell who, among the keys that are taken back, is a person?
 */
const HOURS = 36;
const PEOPLE_AN_HOUR = 6;
const CONFIG = anExport({ minRecords: 400, paddingRange: 50, maxRecords: 40_000 });
const RETENTION = 14 * DAY;
/** What half a thousand keys of each kind, a dozen of which belong together, may differ by chance. */
const BY_CHANCE = 0.1;

const hexOf = (data: Uint8Array): string => Buffer.from(data).toString('hex');

interface Scene {
  readonly batches: readonly SeenBatch[];
  readonly isReal: (data: Uint8Array) => boolean;
  /** Keys that are listed as revised, with what their entry says, in the order of the file. */
  readonly revoked: ReadonlyMap<string, { readonly reportType: number; readonly risk: number }>;
  /** The documents that were written, in no particular order. */
  readonly written: readonly Written[];
  readonly done: Awaited<ReturnType<typeof revokeKeys>>;
}

interface Written {
  readonly isReal: boolean;
  readonly window: number;
  readonly origin: string;
  readonly sourceId: string;
  readonly hasClaim: boolean;
  readonly lifetime: number;
}

let scene: Scene;

beforeAll(async () => {
  const random = simulatedChance('recall');
  const server = await openSimulatedServer(random);
  const { fixture } = server;
  const { store, clock } = fixture;
  const known = {
    place: 'here',
    keyHashSecret: Buffer.alloc(32, 1),
    profile: 'production',
  } as const;
  await openStoreFormat(store, { ...known, window: SIMULATED_WINDOW }, random);
  clock.set(unixMillis(floorTo(clock.now(), DAY) + DAY));
  const begin = clock.now();
  await fixture.configure({ ...CONFIG, from: begin });
  const real = new Set<string>();
  for (let hour = 0; hour < HOURS; hour++) {
    for (let n = 0; n < PEOPLE_AN_HOUR; n++) {
      clock.set(unixMillis(begin + hour * HOUR + ((n + 0.5) * HOUR) / PEOPLE_AN_HOUR));
      const upload = drawUpload(clock.now(), drawHabit(random, { plain: true }), random);
      await server.publish(upload);
      for (const { key } of upload.keys) real.add(hexOf(Buffer.from(key, 'base64')));
    }
    clock.set(unixMillis(begin + (hour + 1) * HOUR));
    await fixture.run();
  }
  const batches = await server.readBatches(CONFIG);
  const before = new Set(await idsOf());
  const done = await revokeKeys(
    (await rangePlace(store))!,
    { from: begin, until: clock.now() },
    {
      settings: {
        ...{ clock, windows: rememberedWindows(), retention: RETENTION },
        maxKeyAge: DEFAULT_KEY_RULES.maxAge,
      },
      by: { actor: 'alex', random, onProgress: () => undefined },
    },
  );
  const isReal = (data: Uint8Array): boolean => real.has(hexOf(data));
  const written = await writtenSince(before);
  clock.advance(HOUR);
  await fixture.run();
  const newest = (await fixture.index())?.at(-1) ?? '';
  const listed = await readKeys(await fixture.object(newest));
  const revoked = new Map(
    (listed?.revisedKeys ?? []).map(({ data, reportType = 0, risk }) => [
      hexOf(data),
      { reportType, risk },
    ]),
  );
  scene = { batches, isReal, revoked, written, done };

  async function idsOf(): Promise<readonly string[]> {
    const ids: string[] = [];
    for await (const page of store.pages(keyBatches, {})) ids.push(...page.map(({ id }) => id));
    return ids;
  }

  async function writtenSince(known: ReadonlySet<string>): Promise<readonly Written[]> {
    const found: Written[] = [];
    const claims = new Set<string>();
    for await (const page of store.pages(padRevised, {})) for (const { id } of page) claims.add(id);
    const primaries = new Map<string, string>();
    for await (const page of store.pages(keyBatches, {}))
      for (const { id, value } of page)
        if (value.kind === 'primary') primaries.set(hexOf(value.records.subarray(0, 16)), id);
    for await (const page of store.pages(keyBatches, {}))
      for (const { id, value } of page) {
        if (known.has(id)) continue;
        const first = value.records.subarray(0, 16);
        const { window, origin, sourceId, expireAt } = value;
        const hasClaim = claims.has(primaries.get(hexOf(first)) ?? '');
        const lifetime = expireAt - window;
        found.push({ ...{ window, origin, sourceId, hasClaim, lifetime }, isReal: isReal(first) });
      }
    return found;
  }
}, 280_000);
afterAll(closeTestStores);

/** The files as their keys were published, with what is known of each key; with `only` of some keys. */
const labelled = (only: (data: Uint8Array, n: number) => boolean): readonly LabelledFile[] =>
  scene.batches.map(({ day, keys }) => {
    const chosen = keys.filter(({ data }, n) => only(data, n));
    return {
      day,
      keys: chosen,
      owners: chosen.map(({ data }) => (scene.isReal(data) ? 1 : GENERATED)),
    };
  });

const isRevoked = (data: Uint8Array): boolean => scene.revoked.has(hexOf(data));
const best = (files: readonly LabelledFile[]): number => {
  const { naiveBayes, logistic } = tellRealKeys(files);
  return Math.max(naiveBayes, logistic);
};

it('takes back what people published, and up to two generated documents for each', () => {
  const { done, revoked, batches, isReal } = scene;
  expect(done.documents).toBeGreaterThan((HOURS - 12) * PEOPLE_AN_HOUR);
  // Cells of keys that were held back over midnight have more people than generated documents.
  expect(done.generated).toBeGreaterThan(1.5 * done.documents);
  expect(done.generated).toBeLessThanOrEqual(2 * done.documents);
  const people = batches.flatMap(({ keys }) => keys.filter(({ data }) => isReal(data)));
  expect(people.length).toBeGreaterThan(500);
  expect(people.filter(({ data }) => !isRevoked(data))).toEqual([]);
  const share = people.length / revoked.size;
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.5);
});

it('says the same of every key that is taken back', () => {
  const said = new Set([...scene.revoked.values()].map((entry) => JSON.stringify(entry)));
  expect([...said]).toEqual([JSON.stringify({ reportType: 5, risk: 6 })]);
});

it('writes revisions of people’s keys and of generated ones in one form', () => {
  const forms = (isReal: boolean) =>
    new Set(
      scene.written
        .filter((one) => one.isReal === isReal)
        .map(({ window, origin, sourceId, hasClaim }) =>
          JSON.stringify({ window, origin, sourceId, hasClaim }),
        ),
    );
  expect(forms(true).size).toBe(1);
  expect(forms(false)).toEqual(forms(true));
});

it('lists revoked keys in an order that tells nothing', () => {
  const places = [...scene.revoked.keys()].map((key, n) => ({
    n,
    real: scene.isReal(Buffer.from(key, 'hex')),
  }));
  const told = auc(
    places.filter(({ real }) => !real).map(({ n }) => n),
    places.filter(({ real }) => real).map(({ n }) => n),
  );
  expect(Math.abs(told - 0.5)).toBeLessThan(BY_CHANCE);
});

it('tells no more of a key than its file told before it was taken back', () => {
  const before = best(labelled(() => true));
  expect(best(labelled(isRevoked))).toBeLessThan(before + BY_CHANCE);
});

it('would be told, if it took back generated keys by what they say', () => {
  const random = simulatedChance('unfair');
  const before = best(labelled(() => true));
  // Of generated keys mostly those that begin at midnight on an even day.
  const starts = new Map(
    scene.batches.flatMap(({ keys }) =>
      keys.map(({ data, start }) => [hexOf(data), start] as const),
    ),
  );
  const isUnfair = (data: Uint8Array): boolean =>
    scene.isReal(data) ||
    (Math.floor((starts.get(hexOf(data)) ?? 0) / 144) % 2 === 0 && happens(0.9, random));
  expect(best(labelled(isUnfair))).toBeGreaterThan(before + BY_CHANCE);
});
