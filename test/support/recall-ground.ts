import {
  type Collection,
  type DocumentStore,
  StoreFault,
  type Transaction,
} from '@keyserver/docstore';
import type { ExportConfig } from '@keyserver/export-file';
import {
  type ExportFixture,
  anExport,
  hour,
  keysIn,
  openExportFixture,
} from '@keyserver/export/testing';
import { type ExposureKey, keyHex, unpackRecords } from '@keyserver/exposure-keys';
import { openTestBucket } from '@keyserver/local/testing';
import {
  type Deleted,
  type KeyRange,
  type RangePlace,
  type Recalled,
  type Survey,
  deleteKeys,
  rangePlace,
  revokeKeys,
  surveyKeys,
} from '@keyserver/operations';
import { seededRandom } from '@keyserver/random/testing';
import { keyBatches, openStoreFormat, rememberedWindows } from '@keyserver/stores';
import { SETTINGS } from '@keyserver/stores/testing';
import { DAY, HOUR, type SimulatedClock } from '@keyserver/time';

/** Keys as files and indexes name them. */
export const hexOf = (keys: readonly ExposureKey[]): readonly string[] =>
  keys.map(({ data }) => keyHex(data));

/** So many transactions are committed, then the process is gone. */
export function dyingAfter(store: DocumentStore, count: number): DocumentStore {
  let left = count;
  const transact = async <T>(decide: (tx: Transaction) => Promise<T>): Promise<T> => {
    if (left === 0) throw new StoreFault('unavailable', 'the process is dead');
    left -= 1;
    return await store.transact(decide);
  };
  return Object.assign(Object.create(store) as DocumentStore, { transact });
}

/** Commits every transaction that writes keys, does not learn of it, and runs the function again. */
export function forgetful(store: DocumentStore): DocumentStore {
  const transact = async <T>(decide: (tx: Transaction) => Promise<T>): Promise<T> => {
    await store.transact(decide);
    return await store.transact(decide);
  };
  return Object.assign(Object.create(store) as DocumentStore, { transact });
}

/** A stored document, with the keys in it. */
export type StoredKeys = DocumentOf<typeof keyBatches> & {
  readonly id: string;
  readonly keys: readonly ExposureKey[];
};

type DocumentOf<C> = C extends Collection<infer D> ? D : never;

/** All stored documents, with the keys in them. */
export async function documentsIn(store: DocumentStore): Promise<readonly StoredKeys[]> {
  const found: StoredKeys[] = [];
  for await (const page of store.pages(keyBatches, {}))
    found.push(
      ...page.map(({ id, value }) => ({ ...value, id, keys: unpackRecords(value.records) })),
    );
  return found;
}

export const revokedIn = async ({ store }: ExportFixture): Promise<readonly StoredKeys[]> =>
  (await documentsIn(store)).filter(
    ({ kind, keys }) => kind === 'revision' && keys.every((key) => key.reportType === 'negative'),
  );

/** The keys of generated documents. */
export const generatedIn = async ({ store }: ExportFixture): Promise<ReadonlySet<string>> =>
  new Set(
    (await documentsIn(store))
      .filter(({ origin }) => origin === 'padding')
      .flatMap(({ keys }) => hexOf(keys)),
  );

/** The revised keys of an export's newest file. */
export async function revisedIn(fixture: ExportFixture): Promise<readonly string[]> {
  const name = (await fixture.index())?.at(-1) ?? '';
  return keysIn(await fixture.object(name), 'revised');
}

/** The hour that is recalled, of one app. */
export const RANGE: KeyRange = { from: hour(8), until: hour(9), app: 'app' };
/** What the hour that is recalled holds: documents of two apps, and one of another hour. */
export const PEOPLE = 5;

/** What recalls and deletions of one platform are tested on. */
export interface RecallGround {
  /** A server with an export, whose store is opened. */
  readonly opened: (config?: ExportConfig) => Promise<ExportFixture>;
  /** A server whose files of the morning were made. */
  readonly published: () => Promise<ExportFixture & { readonly people: readonly string[] }>;
  readonly revoke: (
    fixture: ExportFixture,
    range?: KeyRange,
    over?: DocumentStore,
  ) => Promise<Recalled>;
  readonly remove: (
    fixture: ExportFixture,
    range?: KeyRange,
    over?: DocumentStore,
  ) => Promise<Deleted>;
  readonly survey: (fixture: ExportFixture, range?: KeyRange) => Promise<Survey>;
}

/** Opens servers over stores that are opened so. */
export function recallGround(
  openStore: (clock: SimulatedClock) => Promise<DocumentStore>,
): RecallGround {
  const random = seededRandom('recall');
  const by = { actor: 'alex', random, onProgress: () => undefined };

  async function opened(config = anExport({ minRecords: 100 })): Promise<ExportFixture> {
    const fixture = await openExportFixture({
      openStore,
      openBucket: openTestBucket,
      retention: 2 * DAY,
    });
    const known = {
      place: 'here',
      keyHashSecret: Buffer.alloc(32, 1),
      profile: 'production',
    } as const;
    await openStoreFormat(
      fixture.store,
      { ...known, window: SETTINGS.windows()[0].length },
      random,
    );
    await fixture.configure(config);
    return fixture;
  }

  /** A server whose files of the morning were made. */
  async function published(): Promise<ExportFixture & { readonly people: readonly string[] }> {
    const fixture = await opened(anExport({ minRecords: 400 }));
    const people: string[] = [];
    for (let n = 0; n < PEOPLE; n++)
      people.push(...(await fixture.publish(2, { window: hour(8) })));
    await fixture.publish(2, { window: hour(8), app: 'other' });
    await fixture.publish(2, { window: hour(10) });
    fixture.clock.advance(fixture.store.closingDelay);
    await fixture.run();
    return Object.assign(fixture, { people });
  }

  const settings = ({ clock }: ExportFixture) => ({
    ...{ clock, windows: rememberedWindows(), retention: 2 * DAY, maxKeyAge: 15 * DAY },
  });
  const placeOf = async (fixture: ExportFixture, store = fixture.store): Promise<RangePlace> => ({
    ...(await rangePlace(fixture.store))!,
    store,
  });
  const revoke = async (fixture: ExportFixture, range = RANGE, over = fixture.store) =>
    await revokeKeys(await placeOf(fixture, over), range, { settings: settings(fixture), by });
  const remove = async (fixture: ExportFixture, range = RANGE, over = fixture.store) =>
    await deleteKeys(await placeOf(fixture, over), range, by);
  const survey = async (fixture: ExportFixture, range = RANGE) =>
    await surveyKeys(await placeOf(fixture), range);

  return { opened, published, revoke, remove, survey };
}

/** Lets the present hour be exported. */
export async function exported(fixture: ExportFixture): Promise<void> {
  fixture.clock.advance(HOUR);
  await fixture.run();
}
