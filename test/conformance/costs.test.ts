import { machine } from '../support/machine.ts';
import { KEY_BYTES, packRecords } from '@keyserver/exposure-keys';
import { openFirestoreStore } from '@keyserver/firestore';
import { openTestBucket } from '@keyserver/local/testing';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { type Cell, settleCells } from '@keyserver/padding';
import { systemRandom } from '@keyserver/random';
import { foldTotals, storeUploads } from '@keyserver/stores';
import { DAY, HOUR, MINUTE, unixMillis } from '@keyserver/time';
import { NOON, SETTINGS, aKey, aKeyUntil, anUpload } from '@keyserver/stores/testing';
import { type ExportFixture, anExport, hour, openExportFixture } from '@keyserver/export/testing';
import { rowsOf, sectionOf, textOf } from '../docs/pages.ts';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';

let firestore: FirestoreStandIn;
let fixture: ExportFixture;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  fixture = await openExportFixture({
    openStore: async (clock) => {
      firestore = await startFirestoreStandIn({ now: clock.now });
      const of = { projectId: 'costs', emulatorHost: firestore.address };
      const store = await openFirestoreStore({ ...machine, ...of, clock, random: systemRandom });
      closers.push(firestore.close, async () => {
        await store.close();
      });
      return store;
    },
    openBucket: openTestBucket,
  });
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
  await closeTestStores();
});

/** What a step costs, as a row of the page has it. */
async function row(name: string, step: () => Promise<unknown>): Promise<readonly string[]> {
  firestore.usage();
  await step();
  const { reads, writes, deletes } = firestore.usage();
  return [name, ...[reads, writes, deletes].map((count) => count.toLocaleString('en-US'))];
}

/** A line of the index, as the page counts it for phones. */
const BYTES_OF_NAME = 34;
/** About so many bytes has a file of a thousand keys, as the page counts it for phones. */
const BYTES_OF_THOUSAND = 18_000;

/** Days that the pool of shapes goes back. */
const POOL_DAYS = 14;
const NEXT_DAY = unixMillis(Date.UTC(2026, 0, 16));

/** Settles a cell of its own, as a worker does once it has read a batch. */
async function settleCell(): Promise<void> {
  const { cells } = fixture.deps;
  const cell: Cell = {
    ...{ id: 'a-cell', kind: 'primary', start: hour(12), end: hour(13), readers: ['us'] },
    ...{ floor: 1, range: 0, padEmpty: false },
  };
  const contents = {
    ...{ cell, localKeys: 0, localDocuments: 0, isEmpty: false, documents: [] },
    generated: new Map<string, never>(),
  };
  const document = {
    ...{ window: cell.start, regions: ['US'], traveler: false, app: 'app' },
    records: packRecords([aKey(5000)]),
  };
  const generator = async () => await Promise.resolve(() => [document]);
  const { signal } = new AbortController();
  const revisions = async () => await Promise.reject(new Error('nobody revised anything'));
  const deps = { cells, generator, revisions, random: systemRandom };
  // The first call says that the cell is counted; what was read before does not count.
  for (let n = 0; n < 2; n++) await settleCells(deps, [contents], { again: false, signal });
}

/** Folds counts, as the cleanup service does every five minutes. */
async function fold(): Promise<void> {
  const { windows } = SETTINGS;
  const { signal } = new AbortController();
  const late: number[] = [];
  const options = { windows, retention: 14 * DAY, signal, noteLate: (n: number) => late.push(n) };
  await foldTotals(fixture.store, options);
  expect(late).toEqual([]);
}

/** The next hour is over, and its window closed. */
const nextHour = (): void => {
  fixture.clock.advance(HOUR);
};

it('costs as many reads, writes and deletions as the page of the data model says', async () => {
  // One upload of three keys needs no more than the ten generated documents that every cell has, whatever is drawn.
  await fixture.configure(anExport({ minRecords: 4 }));
  await fixture.publish(3, { window: hour(11) });
  fixture.clock.advance(10 * MINUTE);
  await fixture.cut();
  const sampled = await row('sampling a day without uploads for the pool', async () => {
    await fixture.deps.keepShapes();
  });
  // The days of the pool are sampled one by one, with one call each; then a call looks for another day once an hour.
  for (let day = 0; day < POOL_DAYS; day++) await fixture.work();
  const upload = storeUploads(fixture.store, SETTINGS, systemRandom);
  const ended = Array.from({ length: 14 }, (_, n) => aKey(1000 + n));
  const valid = aKeyUntil(2000, unixMillis(NOON + 6 * HOUR));
  // What every upload needs to know of the configuration is remembered for a while.
  await upload(anUpload([aKey(999)]));
  const counted = [
    sampled,
    await row('an upload of ended keys', async () => await upload(anUpload(ended))),
    await row(
      'an upload with a key that is still valid',
      async () => await upload(anUpload([aKey(3000), valid])),
    ),
  ];
  nextHour();
  await fixture.run();
  counted.push(
    await row('`create-batches` with nothing to cut', async () => await fixture.cut()),
    await row('`do-work` with nothing to do', async () => await fixture.work()),
  );
  nextHour();
  counted.push(await row('both jobs, with a batch without keys', async () => await fixture.run()));
  nextHour();
  await fixture.publish(3, { window: hour(14) });
  counted.push(await row('both jobs, with a batch of one upload', async () => await fixture.run()));
  nextHour();
  for (let n = 0; n < 5; n++) await fixture.publish(3, { window: hour(15) });
  counted.push(
    await row('both jobs, with a batch of five uploads', async () => await fixture.run()),
  );
  counted.push(await row('settling a cell, with one generated document', settleCell));
  const [name, ...others] = (await fixture.index()) ?? [];
  expect([name?.length, others.length]).toEqual([BYTES_OF_NAME, 3]);
  nextHour();
  const thousand = Array.from({ length: 1000 }, (_, n) =>
    aKey(n, { data: systemRandom.bytes(KEY_BYTES) }),
  );
  await fixture.publish(0, {
    window: hour(16),
    records: packRecords(thousand.toSorted((a, b) => Buffer.compare(a.data, b.data))),
  });
  await fixture.run();
  // The generated keys of ten documents come on top, and make a second file.
  const archive = await fixture.object(((await fixture.index()) ?? []).at(-2) ?? '');
  expect(Math.abs(archive.length - BYTES_OF_THOUSAND)).toBeLessThan(BYTES_OF_THOUSAND / 10);
  fixture.clock.set(unixMillis(NEXT_DAY + 10 * MINUTE));
  await fixture.run();
  await fixture.work();
  nextHour();
  counted.push(
    await row('`create-batches` with the first batch of a day', async () => await fixture.cut()),
    await row('folding the counts of three uploads of an hour', fold),
    await row('folding while no hour has ended since', fold),
  );
  const page = sectionOf(textOf('docs/data-model.md'), 'In Firestore');
  const documented = rowsOf(page).filter((cells) => cells.length === counted[0]?.length);
  expect(documented).toEqual(counted);
});
