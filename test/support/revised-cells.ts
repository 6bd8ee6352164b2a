import {
  type ExportFixture,
  anExport,
  binOf,
  hour,
  keysIn,
  openExportFixture,
} from '@keyserver/export/testing';
import {
  type ExposureKey,
  type KeyBatch,
  keyHex,
  packRecords,
  unpackRecords,
} from '@keyserver/exposure-keys';
import { openTestBucket } from '@keyserver/local/testing';
import { MIN_REVISED } from '@keyserver/padding';
import { keyBatches, padCells, padRevised } from '@keyserver/stores';
import { aKey } from '@keyserver/stores/testing';
import { DAY, HOUR, MINUTE, type SimulatedClock } from '@keyserver/time';
import type { DocumentStore } from '@keyserver/docstore';

/** Of ten hours: some are drawn, and what is missing then comes from all of them at random. */
const SEVERAL = 3;

const LIKELY = { reportType: 'likely' } as const;
const CONFIRMED = { reportType: 'confirmed' } as const;
const hexOf = (keys: readonly ExposureKey[]): readonly string[] =>
  keys.map(({ data }) => keyHex(data));
const sorted = (keys: readonly string[]): readonly string[] => keys.toSorted();
const unique = (keys: readonly string[]): number => new Set(keys).size;

/** Generated documents, or those that people published, of a kind. */
async function stored(
  { store }: ExportFixture,
  kind: KeyBatch['kind'],
  origin: KeyBatch['origin'] = 'padding',
): Promise<readonly Stored[]> {
  const found = [];
  for await (const page of store.pages(keyBatches, {}))
    found.push(...page.map(({ id, value }) => ({ ...value, id })));
  return found.filter((one) => one.kind === kind && one.origin === origin);
}
type Stored = Pick<KeyBatch, 'id' | 'sourceId' | 'records'> & { readonly window: number };
const keysOf = (documents: readonly Stored[]): readonly string[] =>
  documents.flatMap(({ records }) => hexOf(unpackRecords(records)));

/** Ids of generated documents that somebody claimed to revise. */
async function claimed({ store }: ExportFixture): Promise<ReadonlySet<string>> {
  const ids: string[] = [];
  for await (const page of store.pages(padRevised, {})) ids.push(...page.map(({ id }) => id));
  return new Set(ids);
}

/** The revised keys of an export's newest file. */
async function revisedIn(fixture: ExportFixture, root = 'us'): Promise<readonly string[]> {
  const name = (await fixture.index(root))?.at(-1) ?? '';
  return keysIn(await fixture.object(name), 'revised');
}

/** People revise keys that they published before, one document for each; the newest closed window then holds them. */
async function revise(fixture: ExportFixture, ...numbers: readonly number[]) {
  const window = hour(12);
  for (const n of numbers)
    await fixture.publish(0, {
      ...{ window, kind: 'revision' },
      records: packRecords([aKey(n, CONFIRMED)]),
    });
  fixture.clock.set(hour(13));
  fixture.clock.advance(fixture.store.closingDelay);
  return hexOf(numbers.map((n) => aKey(n)));
}

/** Tests how cells of revisions are padded, over stores that are opened so. */
export function describeRevisedCells(
  platform: string,
  openStore: (clock: SimulatedClock) => Promise<DocumentStore>,
  /** Where workers die. */
  deaths: readonly string[],
): void {
  describe(`revisions on ${platform}`, () => {
    /** Keys are kept for two days, as all that happens here happens within one. */
    const open = async (): Promise<ExportFixture> =>
      await openExportFixture({ openStore, openBucket: openTestBucket, retention: 2 * DAY });
    /** A server whose first file was made: of somebody whose test was likely, among generated documents. */
    async function opened(
      exports = [anExport({ minRecords: 60 })],
      primaries = 1,
    ): Promise<ExportFixture> {
      const fixture = await open();
      await fixture.configure(...exports);
      for (let n = 0; n < primaries; n++)
        await fixture.publish(0, { window: hour(8), records: packRecords([aKey(n, LIKELY)]) });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.run();
      return fixture;
    }
    /** A worker that dies at a point, once its cell of revisions has come so far. */
    const dying = (fixture: ExportFixture, point: string) => {
      let died = false;
      return fixture.mortal((port) => {
        died ||= port === point;
        if (died) throw new Error('the worker is dead');
      });
    };

    it('come from ten documents: generated ones, which are in files already, are revised with few real ones', async () => {
      const fixture = await opened();
      const before = await fixture.download();
      const real = await revise(fixture, 0);
      await fixture.run();
      const generated = await stored(fixture, 'revision');
      expect(generated).toHaveLength(MIN_REVISED - 1);
      const keys = keysOf(generated);
      expect(sorted(await revisedIn(fixture))).toEqual(sorted([...real, ...keys]));
      expect(before).toEqual(expect.arrayContaining([...keys]));
      for (const { records } of generated)
        for (const { reportType } of unpackRecords(records)) expect(reportType).toBe('confirmed');
      const primaries = await stored(fixture, 'primary');
      const of = primaries.filter(({ records }) =>
        hexOf(unpackRecords(records)).some((key) => keys.includes(key)),
      );
      expect([...(await claimed(fixture))].toSorted()).toEqual(of.map(({ id }) => id).toSorted());
      expect(fixture.log.events('export.revisions_alone')).toEqual([]);
    });

    it('come from as many hours as there are, since all that were published together would stand out', async () => {
      const fixture = await open();
      await fixture.configure(anExport({ minRecords: 60 }));
      const hours = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
      for (const n of hours)
        await fixture.publish(0, { window: hour(n), records: packRecords([aKey(n, LIKELY)]) });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.run();
      await revise(fixture, 2);
      await fixture.run();
      const keys = keysOf(await stored(fixture, 'revision'));
      const of = (await stored(fixture, 'primary')).filter((one) =>
        keysOf([one]).some((key) => keys.includes(key)),
      );
      expect(of).toHaveLength(MIN_REVISED - 1);
      expect(new Set(of.map(({ window }) => window)).size).toBeGreaterThanOrEqual(SEVERAL);
    });

    it('are alone where ten documents or more were revised', async () => {
      const numbers = Array.from({ length: MIN_REVISED }, (__, n) => n);
      const fixture = await opened(undefined, MIN_REVISED);
      const real = await revise(fixture, ...numbers);
      await fixture.run();
      expect(sorted(await revisedIn(fixture))).toEqual(sorted(real));
      expect(await claimed(fixture)).toEqual(new Set());
      expect(fixture.log.events('export.revisions_alone')).toEqual([]);
    });

    it('go out alone where nothing generated is there to be revised, which is said once', async () => {
      const fixture = await opened([anExport(), anExport({ id: 'same' })], 0);
      const real = await revise(fixture, 0);
      await fixture.cut();
      await Promise.all([fixture.work(), fixture.work()]);
      await fixture.run();
      for (const root of ['us', 'same']) expect(await revisedIn(fixture, root)).toEqual(real);
      expect(fixture.log.events('export.revisions_alone')).toHaveLength(1);
    });

    it('are the same in all files that hold the cell', async () => {
      const long = anExport({ id: 'long', period: 4 * HOUR, minRecords: 60 });
      const fixture = await opened([anExport({ minRecords: 60 }), long]);
      await revise(fixture, 0);
      fixture.clock.set(hour(16));
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.cut();
      await Promise.all([fixture.work(), fixture.work()]);
      await fixture.work();
      const hourly = await revisedIn(fixture);
      expect(hourly.length).toBeGreaterThanOrEqual(MIN_REVISED);
      expect(sorted(await revisedIn(fixture, 'long'))).toEqual(sorted(hourly));
    });

    it('revise no generated key twice, also where two workers settle two cells at once', async () => {
      const fixture = await opened([anExport({ minRecords: 400 })]);
      await revise(fixture, 0);
      await fixture.publish(0, {
        ...{ window: hour(13), kind: 'revision' },
        records: packRecords([aKey(1, CONFIRMED)]),
      });
      fixture.clock.advance(HOUR);
      await fixture.cut();
      await Promise.all([fixture.work(), fixture.work()]);
      await fixture.work();
      const [, ...names] = (await fixture.index()) ?? [];
      const lists = await Promise.all(
        names.map(async (name) => keysIn(await fixture.object(name), 'revised')),
      );
      const all = lists.flat();
      expect(lists.map((list) => list.length >= MIN_REVISED)).toEqual([true, true]);
      expect(unique(all)).toBe(all.length);
    });

    it.each(deaths)(
      'take other generated documents when a worker died %s, and what it wrote is in no file',
      async (point) => {
        const fixture = await opened([anExport({ minRecords: 400 })]);
        const real = await revise(fixture, 0);
        await fixture.run(dying(fixture, point));
        const [dead, written] = [await claimed(fixture), await stored(fixture, 'revision')];
        expect(dead.size).toBeGreaterThan(0);
        fixture.clock.advance(2 * MINUTE);
        await fixture.run();
        const all = await stored(fixture, 'revision');
        const named = all.filter(({ id }) => !written.some((one) => one.id === id));
        expect(named).toHaveLength(MIN_REVISED - 1);
        expect(sorted(await revisedIn(fixture))).toEqual(sorted([...real, ...keysOf(named)]));
        const ofDead = (await stored(fixture, 'primary')).filter(({ id }) => dead.has(id));
        const listed = await revisedIn(fixture);
        expect(keysOf(ofDead).filter((key) => listed.includes(key))).toEqual([]);
        expect((await claimed(fixture)).size).toBe(dead.size + MIN_REVISED - 1);
      },
    );

    it('stay as they were settled when their file has to be made again', async () => {
      const fixture = await opened();
      await revise(fixture, 0);
      await fixture.cut();
      const before = await fixture.index();
      await fixture.work(dying(fixture, 'before work.finish'));
      const [name = ''] = [...fixture.written].filter(
        (one) => one.endsWith('.zip') && before?.includes(one) !== true,
      );
      const content = await fixture.object(name);
      expect(keysIn(content, 'revised').length).toBeGreaterThanOrEqual(MIN_REVISED);
      await fixture.deps.openBucket('exports').delete(name);
      fixture.clock.advance(2 * MINUTE);
      await fixture.work();
      expect(binOf(await fixture.object(name))).toEqual(binOf(content));
    });

    it('are not joined by generated documents that no cell names', async () => {
      const fixture = await opened();
      const named = await stored(fixture, 'primary');
      await fixture.store.transact(async (tx) => {
        const cells = new Set(named.map(({ sourceId }) => sourceId.split('/')[0] ?? ''));
        for (const id of cells) tx.delete(padCells, id);
        await Promise.resolve();
      });
      const real = await revise(fixture, 0);
      await fixture.run();
      expect(await revisedIn(fixture)).toEqual(real);
      expect(fixture.log.events('export.revisions_alone')).toHaveLength(1);
    });
  });
}
