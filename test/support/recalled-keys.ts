import { type DocumentStore, StoreFault, type Transaction } from '@keyserver/docstore';
import {
  type ExportFixture,
  anExport,
  hour,
  keysIn,
  openExportFixture,
} from '@keyserver/export/testing';
import { type ExposureKey, keyHex, packRecords, unpackRecords } from '@keyserver/exposure-keys';
import { openTestBucket } from '@keyserver/local/testing';
import {
  type KeyRange,
  type RangePlace,
  deleteKeys,
  rangePlace,
  revokeKeys,
  surveyKeys,
} from '@keyserver/operations';
import { seededRandom } from '@keyserver/random/testing';
import { keyBatches, openStoreFormat, padRevised, rememberedWindows } from '@keyserver/stores';
import { SETTINGS, aKey, auditedSteps } from '@keyserver/stores/testing';
import { DAY, HOUR, type SimulatedClock } from '@keyserver/time';

const hexOf = (keys: readonly ExposureKey[]): readonly string[] =>
  keys.map(({ data }) => keyHex(data));

/** So many transactions are committed, then the process is gone. */
function dyingAfter(store: DocumentStore, count: number): DocumentStore {
  let left = count;
  const transact = async <T>(decide: (tx: Transaction) => Promise<T>): Promise<T> => {
    if (left === 0) throw new StoreFault('unavailable', 'the process is dead');
    left -= 1;
    return await store.transact(decide);
  };
  return Object.assign(Object.create(store) as DocumentStore, { transact });
}

/** Commits every transaction that writes keys, does not learn of it, and runs the function again. */
function forgetful(store: DocumentStore): DocumentStore {
  const transact = async <T>(decide: (tx: Transaction) => Promise<T>): Promise<T> => {
    await store.transact(decide);
    return await store.transact(decide);
  };
  return Object.assign(Object.create(store) as DocumentStore, { transact });
}

/** All stored documents, with the keys in them. */
async function documentsIn(store: DocumentStore) {
  const found = [];
  for await (const page of store.pages(keyBatches, {}))
    found.push(
      ...page.map(({ id, value }) => ({ ...value, id, keys: unpackRecords(value.records) })),
    );
  return found;
}

const revokedIn = async ({ store }: ExportFixture) =>
  (await documentsIn(store)).filter(
    ({ kind, keys }) => kind === 'revision' && keys.every((key) => key.reportType === 'negative'),
  );

/** The keys of generated documents. */
const generatedIn = async ({ store }: ExportFixture): Promise<ReadonlySet<string>> =>
  new Set(
    (await documentsIn(store))
      .filter(({ origin }) => origin === 'padding')
      .flatMap(({ keys }) => hexOf(keys)),
  );

async function auditedIn({ store }: ExportFixture) {
  return await auditedSteps(store);
}

/** The revised keys of an export's newest file. */
async function revisedIn(fixture: ExportFixture): Promise<readonly string[]> {
  const name = (await fixture.index())?.at(-1) ?? '';
  return keysIn(await fixture.object(name), 'revised');
}

const RANGE: KeyRange = { from: hour(8), until: hour(9), app: 'app' };
/** What the hour that is recalled holds: documents of two apps, and one of another hour. */
const PEOPLE = 5;

/** Tests recalls and deletions over stores that are opened so. */
export function describeRecalledKeys(
  platform: string,
  openStore: (clock: SimulatedClock) => Promise<DocumentStore>,
  { locks }: { readonly locks: boolean },
): void {
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

  /** Lets the present hour be exported. */
  async function exported(fixture: ExportFixture): Promise<void> {
    fixture.clock.advance(HOUR);
    await fixture.run();
  }

  describe(`a recall on ${platform}`, () => {
    it('lists the keys of its range as taken back in the next file, with two generated documents for each', async () => {
      const fixture = await published();
      const primaries = await documentsIn(fixture.store);
      expect(await survey(fixture)).toEqual({
        ...{ untouched: { documents: 0, keys: 0 }, begun: { documents: 0, keys: 0 } },
        settled: { documents: PEOPLE, keys: 2 * PEOPLE },
      });
      const before = await fixture.index();
      expect(await revoke(fixture)).toEqual({
        ...{ documents: PEOPLE, keys: 2 * PEOPLE, before: 0, generated: 2 * PEOPLE },
      });
      await exported(fixture);
      expect((await fixture.index())?.slice(0, before?.length)).toEqual(before);
      const revised = await revisedIn(fixture);
      expect(revised).toEqual(expect.arrayContaining([...fixture.people]));
      const generated = await generatedIn(fixture);
      const others = revised.filter((key) => !fixture.people.includes(key));
      expect(others.filter((key) => !generated.has(key))).toEqual([]);
      const of = primaries.filter(({ keys }) => hexOf(keys).some((key) => others.includes(key)));
      expect(of.map(({ app, window }) => [app, window])).toEqual(of.map(() => ['app', hour(8)]));
      expect(await auditedIn(fixture)).toMatchObject([
        { actor: 'alex', operation: 'keys.revoke', changes: [{ section: 'keys' }] },
      ]);
    });

    it('marks what it takes back, so that padding revises none of it again', async () => {
      const fixture = await published();
      await revoke(fixture);
      const marked = new Set<string>();
      for await (const page of fixture.store.pages(padRevised, {}))
        for (const { id } of page) marked.add(id);
      expect(marked.size).toBe(3 * PEOPLE);
    });

    it('takes nothing back twice, whatever was revised since', async () => {
      const fixture = await published();
      await revoke(fixture);
      const first = await revokedIn(fixture);
      expect(await revoke(fixture)).toEqual({
        ...{ documents: 0, keys: 0, before: 2 * PEOPLE, generated: 0 },
      });
      await exported(fixture);
      expect(await revoke(fixture)).toMatchObject({ keys: 0, generated: 0 });
      expect((await revokedIn(fixture)).map(({ id }) => id)).toEqual(first.map(({ id }) => id));
    });

    it('takes back a key that was revised to another report type, and goes out no sooner than that', async () => {
      const fixture = await opened();
      const likely = { ...aKey(1), reportType: 'likely' } as const;
      await fixture.publish(0, { window: hour(8), records: packRecords([likely]) });
      await fixture.publish(0, {
        ...{ window: hour(11), kind: 'revision' },
        records: packRecords([aKey(1)]),
      });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.run();
      expect(await revoke(fixture)).toMatchObject({ documents: 1, keys: 1, before: 0 });
      await exported(fixture);
      expect(await revisedIn(fixture)).toContain(keyHex(likely.data));
      expect(await revoke(fixture)).toMatchObject({ keys: 0, before: 1 });
    });

    it('takes back what was revised before with generated documents that were, and no others', async () => {
      const fixture = await opened(anExport({ minRecords: 400 }));
      const likely = (n: number) => ({ ...aKey(n), reportType: 'likely' }) as const;
      for (const n of [1, 2])
        await fixture.publish(0, { window: hour(8), records: packRecords([likely(n)]) });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.run();
      const revision = {
        window: hour(12),
        kind: 'revision',
        records: packRecords([aKey(1)]),
      } as const;
      await fixture.publish(0, revision);
      await exported(fixture);
      const twice = new Set(await revisedIn(fixture));
      const before = await revokedIn(fixture);
      expect(await revoke(fixture)).toMatchObject({ documents: 2, keys: 2, generated: 4 });
      const revoked = (await revokedIn(fixture)).filter(
        ({ id }) => !before.some((one) => one.id === id),
      );
      expect(revoked).toHaveLength(6);
      const again = revoked.filter(({ keys }) => hexOf(keys).some((key) => twice.has(key)));
      expect(again).toHaveLength(3);
      expect(again.flatMap(({ keys }) => hexOf(keys))).toContain(keyHex(aKey(1).data));
      expect(new Set(revoked.map(({ window }) => window)).size).toBe(1);
    });

    it.each([1, 2])(
      'that dies after %i transactions is made up for by another: every key once, each document with its share',
      async (transactions) => {
        const fixture = await opened(anExport({ minRecords: 400 }));
        const people: string[] = [];
        for (let n = 0; n < 20; n++)
          people.push(...(await fixture.publish(1, { window: hour(8) })));
        fixture.clock.advance(fixture.store.closingDelay);
        await fixture.run();
        const dead = revoke(fixture, RANGE, dyingAfter(fixture.store, 3 + transactions));
        await expect(dead).rejects.toThrow('the process is dead');
        const some = await revokedIn(fixture);
        expect(some.length % 3).toBe(0);
        const rest = await revoke(fixture);
        expect(rest.keys + rest.before).toBe(20);
        const all = (await revokedIn(fixture)).flatMap(({ keys }) => hexOf(keys));
        expect(new Set(all).size).toBe(all.length);
        expect(people.filter((key) => !all.includes(key))).toEqual([]);
        expect(await revokedIn(fixture)).toHaveLength(60);
      },
    );

    it('whose answers are lost says what it did, and does it once', async () => {
      const fixture = await published();
      expect(await revoke(fixture, RANGE, forgetful(fixture.store))).toEqual({
        ...{ documents: PEOPLE, keys: 2 * PEOPLE, before: 0, generated: 2 * PEOPLE },
      });
      expect(await revokedIn(fixture)).toHaveLength(3 * PEOPLE);
      expect(await auditedIn(fixture)).toHaveLength(1);
    });

    it.each<[string, Partial<KeyRange>]>([
      ['of another app', { app: 'nobody' }],
      ['of another region', { region: 'CA' }],
      ['of a query', { app: undefined, query: 'neighbour' }],
      ['of other windows', { from: hour(5), until: hour(7) }],
    ])('%s takes nothing back', async (_, range) => {
      const fixture = await opened();
      await fixture.publish(2, { window: hour(8) });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.run();
      expect((await survey(fixture)).settled).toEqual({ documents: 1, keys: 2 });
      expect(await revoke(fixture, { ...RANGE, ...range })).toEqual({
        ...{ documents: 0, keys: 0, before: 0, generated: 0 },
      });
      expect(await revokedIn(fixture)).toEqual([]);
    });

    it('leaves alone what is not settled', async () => {
      const fixture = await opened();
      await fixture.publish(3, { window: hour(8) });
      expect((await survey(fixture)).untouched).toEqual({ documents: 1, keys: 3 });
      expect(await revoke(fixture)).toMatchObject({ documents: 0, keys: 0 });
      expect(await revokedIn(fixture)).toEqual([]);
    });

    it('of keys that a partner sent is of its source and region, and takes back no generated ones', async () => {
      const fixture = await opened();
      const foreign = { origin: 'federated', sourceId: 'neighbour', app: '' } as const;
      await fixture.publish(2, { window: hour(8), ...foreign });
      await fixture.publish(2, { window: hour(8) });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.run();
      const range = { ...RANGE, app: undefined, query: 'neighbour' };
      expect(await revoke(fixture, range)).toMatchObject({ documents: 1, keys: 2, generated: 0 });
      expect(await revokedIn(fixture)).toMatchObject([{ ...foreign, regions: ['US'] }]);
    });
  });

  describe(`a deletion on ${platform}`, () => {
    const likely = (n: number): ExposureKey => ({ ...aKey(n), reportType: 'likely' });

    it('takes what nobody has begun to count, with the revisions of its keys alone', async () => {
      const fixture = await opened();
      await fixture.publish(0, { window: hour(8), records: packRecords([likely(1), likely(2)]) });
      const other = { window: hour(10), app: 'other' };
      await fixture.publish(0, { ...other, records: packRecords([likely(3)]) });
      await fixture.publish(0, {
        ...{ window: hour(11), kind: 'revision' },
        records: packRecords([aKey(1), aKey(3)]),
      });
      expect(await remove(fixture)).toEqual({ documents: 1, keys: 2, revisions: 1, kept: 0 });
      const left = await documentsIn(fixture.store);
      expect(left.map(({ kind, keys }) => [kind, hexOf(keys)]).toSorted()).toEqual([
        ['primary', hexOf([aKey(3)])],
        ['revision', hexOf([aKey(3)])],
      ]);
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.run();
      expect(await revisedIn(fixture)).toContain(keyHex(aKey(3).data));
      expect(await fixture.download()).not.toContain(keyHex(aKey(1).data));
      expect(await auditedIn(fixture)).toMatchObject([{ operation: 'keys.delete' }]);
    });

    it('takes nothing of what is in files', async () => {
      const fixture = await published();
      const before = await documentsIn(fixture.store);
      expect(await remove(fixture)).toEqual({ documents: 0, keys: 0, revisions: 0, kept: 0 });
      expect(await documentsIn(fixture.store)).toEqual(before);
    });

    it('takes nothing of what is being counted, which can be taken back neither', async () => {
      const fixture = await opened();
      await fixture.publish(2, { window: hour(8) });
      fixture.clock.advance(fixture.store.closingDelay);
      const dying = fixture.mortal((port) => {
        if (port === 'before cells.write') throw new Error('the worker is dead');
      });
      await fixture.run(dying);
      expect(await survey(fixture)).toEqual({
        ...{ untouched: { documents: 0, keys: 0 }, settled: { documents: 0, keys: 0 } },
        begun: { documents: 1, keys: 2 },
      });
      expect(await remove(fixture)).toMatchObject({ documents: 0 });
      expect(await revoke(fixture)).toMatchObject({ documents: 0 });
    });

    it('keeps what a worker may have read, from the moment when it leases the file', async () => {
      const fixture = await opened();
      await fixture.publish(2, { window: hour(8) });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.cut();
      const leased = await fixture.deps.queue.lease({ lengthMs: HOUR, wants: () => true });
      expect(leased).toBeDefined();
      expect(await remove(fixture)).toEqual({ documents: 0, keys: 0, revisions: 0, kept: 1 });
    });

    it('takes what lies in a file that is cut and that nobody has leased', async () => {
      const fixture = await opened();
      await fixture.publish(2, { window: hour(8) });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.cut();
      expect(await remove(fixture)).toMatchObject({ documents: 1, keys: 2, kept: 0 });
    });

    // Where transactions lock what they read, the count waits for the end of the deletion instead.
    if (!locks)
      it('keeps what somebody begins to count between its reads and its end', async () => {
        const fixture = await opened();
        const keys = await fixture.publish(2, { window: hour(8) });
        fixture.clock.advance(fixture.store.closingDelay);
        let interruptions = 0;
        const transact = async <T>(decide: (tx: Transaction) => Promise<T>): Promise<T> =>
          await fixture.store.transact(async (tx) => {
            const deletes: string[] = [];
            const watched: Transaction = Object.assign(Object.create(tx) as Transaction, {
              delete: (...given: Parameters<Transaction['delete']>) => {
                deletes.push(given[1]);
                tx.delete(...given);
              },
            });
            const decided = await decide(watched);
            if (deletes.length > 0 && interruptions++ === 0) await fixture.run();
            return decided;
          });
        const slow = Object.assign(Object.create(fixture.store) as DocumentStore, { transact });
        expect(await remove(fixture, RANGE, slow)).toMatchObject({ documents: 0, kept: 1 });
        expect(interruptions).toBe(1);
        expect(await fixture.download()).toEqual(expect.arrayContaining([...keys]));
      });

    it('that was stopped goes on, and whose answer was lost says what it did', async () => {
      const fixture = await opened();
      for (let n = 0; n < 12; n++) await fixture.publish(1, { window: hour(8) });
      const dead = remove(fixture, RANGE, dyingAfter(fixture.store, 4));
      await expect(dead).rejects.toThrow('the process is dead');
      const left = (await documentsIn(fixture.store)).length;
      expect(await remove(fixture, RANGE, forgetful(fixture.store))).toMatchObject({
        documents: left,
      });
      expect(await documentsIn(fixture.store)).toEqual([]);
    });
  });
}
