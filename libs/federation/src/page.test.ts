import { ExposureKey, FederationFetchResponse } from '#generated/federation.js';
import {
  type ExposureKey as StoredKey,
  type KeyBatch,
  type ReportType,
  packRecords,
} from '@keyserver/exposure-keys';
import { intervalNumber, unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { answerBytes } from './fetch-answer.ts';
import { secondsIn } from './fetch-state.ts';
import { packSlice } from './packed-slice.ts';
import { Page, type PageLimits } from './page.ts';
import type { Place } from './position.ts';
import { readingOf } from './reading.ts';
import { aGrant } from './testing/a-partner.ts';

const keyOf = (n: number): Buffer => Buffer.from([...Buffer.alloc(15, 0xab), n]);
const aKey = (n: number, change: Partial<StoredKey> = {}): StoredKey => ({
  ...{ data: keyOf(n), start: intervalNumber(2_700_000), period: 144, risk: 2 },
  ...{ reportType: 'confirmed', onsetDays: -3 },
  ...change,
});
const { CONFIRMED_TEST, CONFIRMED_CLINICAL_DIAGNOSIS, SELF_REPORT, REVOKED } =
  ExposureKey.ReportType;
/** As the protocol has them; what is 0 is left out. */
const TYPE_ON_THE_WIRE = {
  ...{ '': null, confirmed: CONFIRMED_TEST, likely: CONFIRMED_CLINICAL_DIAGNOSIS },
  ...{ 'user-report': SELF_REPORT, negative: REVOKED },
};
let drawn = 0;
const batchOf = (keys: readonly StoredKey[], change: Partial<KeyBatch> = {}): KeyBatch => ({
  ...{ id: `d${drawn++}`, window: unixMillis(0), kind: 'primary', origin: 'local', sourceId: '' },
  ...{ regions: ['US'], traveler: false, app: 'app' },
  records: packRecords(keys.toSorted((a, b) => Buffer.compare(a.data, b.data))),
  ...change,
});
async function* documents(batches: readonly KeyBatch[]) {
  for (const batch of batches) yield await Promise.resolve([batch]);
}
const wish = {
  ...{ includeRegions: [], excludeRegions: [], onlyTravelers: false, onlyLocalProvenance: false },
};
const ALL = readingOf([aGrant({ includeRegions: ['US', 'CA'], includeTravelers: true })], wish);
const limits = (change: Partial<PageLimits> = {}): PageLimits => ({
  ...{ keys: 1000, bytes: 1_000_000, isOver: () => false },
  ...change,
});
const decoded = (page: Page) => FederationFetchResponse.decode(page.bytes);

/** All that a partner gets of documents, through pages of so many keys. */
async function pagesOf(batches: readonly KeyBatch[], keys: number, reading = ALL) {
  const unit = await packSlice(documents(batches));
  const got: { keys: ExposureKey.$Properties[]; revisedKeys: ExposureKey.$Properties[] } = {
    ...{ keys: [], revisedKeys: [] },
  };
  let after: Place | undefined;
  let pages = 0;
  for (;;) {
    const page = new Page(limits({ keys }));
    const end = page.take(unit, reading, after);
    const { keys: primaries, revisedKeys } = decoded(page);
    got.keys.push(...primaries);
    got.revisedKeys.push(...revisedKeys);
    pages++;
    if (end.kind === 'exhausted') return { ...got, pages };
    after = end.after;
  }
}
const numbers = (keys: readonly ExposureKey.$Properties[]) =>
  keys.map(({ exposureKey }) => exposureKey?.at(-1));

describe('a key on the wire', () => {
  const anyKey = fc.record<StoredKey>({
    data: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    start: fc.integer({ min: 0, max: 2 ** 31 - 1 }).map(intervalNumber),
    period: fc.integer({ min: 1, max: 144 }),
    risk: fc.integer({ min: 0, max: 8 }),
    reportType: fc.constantFrom<ReportType>('', 'confirmed', 'likely', 'user-report', 'negative'),
    onsetDays: fc.option(fc.integer({ min: -14, max: 14 }), { nil: undefined }),
  });

  it('has the bytes that the protocol buffers library writes, whatever it says', async () => {
    await fc.assert(
      fc.asyncProperty(
        ...([anyKey, fc.boolean(), fc.string({ unit: 'grapheme', maxLength: 200 })] as const),
        async (key, traveler, name) => {
          const batch = batchOf([key], {
            ...{ regions: ['US', 'CA'], traveler },
            ...(name === '' ? {} : { authority: { id: 1, name } }),
          });
          const page = new Page(limits());
          page.take(await packSlice(documents([batch])), ALL, undefined);
          const expected = FederationFetchResponse.encode({
            keys: [
              {
                exposureKey: key.data,
                transmissionRisk: key.risk || null,
                intervalNumber: key.start === 0 ? null : key.start,
                intervalCount: key.period,
                reportType: TYPE_ON_THE_WIRE[key.reportType],
                daysSinceOnsetOfSymptoms: (key.onsetDays ?? 0) || null,
                hasSymptomOnset: key.onsetDays === undefined ? null : true,
                traveler: traveler || null,
                regions: ['US', 'CA'],
                verificationAuthorityName: name || null,
              },
            ],
          }).finish();
          expect(page.bytes.toString('hex')).toBe(Buffer.from(expected).toString('hex'));
        },
      ),
    );
  });

  it('stands beside others whose ends have any length, up to lengths of three bytes', async () => {
    const lengths = [0, 1, 2, 3, 4, 5, 61, 62, 63, 64, 65, 127, 128, 16_300, 16_400, 7];
    const names = lengths.map((length) => 'x'.repeat(length));
    const batches = names.map((name, n) =>
      batchOf([aKey(n)], { authority: name === '' ? undefined : { id: 1, name } }),
    );
    const page = new Page(limits());
    page.take(await packSlice(documents(batches)), ALL, undefined);
    const expected = FederationFetchResponse.encode({
      keys: names.map((name, n) => ({
        ...{ exposureKey: keyOf(n), transmissionRisk: 2, intervalNumber: 2_700_000 },
        ...{ intervalCount: 144, reportType: CONFIRMED_TEST, daysSinceOnsetOfSymptoms: -3 },
        ...{ hasSymptomOnset: true, regions: ['US'], verificationAuthorityName: name || null },
      })),
    }).finish();
    expect(page.bytes.toString('hex')).toBe(Buffer.from(expected).toString('hex'));
  });

  it('tells onset on the day itself from no onset', async () => {
    const { keys } = await pagesOf(
      [batchOf([aKey(1, { onsetDays: 0 }), aKey(2, { onsetDays: undefined })])],
      10,
    );
    expect(keys.map(({ hasSymptomOnset }) => hasSymptomOnset ?? false)).toEqual([true, false]);
  });

  it('of a user report is a self report, and names who verified it', async () => {
    const { keys } = await pagesOf(
      [batchOf([aKey(1, { reportType: 'user-report' })], { authority: { id: 1, name: 'Health' } })],
      10,
    );
    expect(keys).toMatchObject([
      { reportType: ExposureKey.ReportType.SELF_REPORT, verificationAuthorityName: 'Health' },
    ]);
  });

  it('keeps the risk of a revision', async () => {
    const { revisedKeys } = await pagesOf(
      [batchOf([aKey(1, { risk: 6, reportType: 'negative' })], { kind: 'revision' })],
      10,
    );
    expect(revisedKeys).toMatchObject([{ transmissionRisk: 6, reportType: 5 }]);
  });
});

describe('a unit', () => {
  const revision = (n: number, change: Partial<StoredKey> = {}, of: Partial<KeyBatch> = {}) =>
    batchOf([aKey(n, change)], { kind: 'revision', ...of });

  it('gives primaries before revisions, each sorted by key, and every key once, for any size of page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ n: fc.nat(40), revised: fc.boolean(), local: fc.boolean() }), {
          maxLength: 60,
        }),
        fc.integer({ min: 1, max: 12 }),
        async (records, size) => {
          const batches = records.map(({ n, revised, local }) =>
            batchOf([aKey(n)], {
              kind: revised ? 'revision' : 'primary',
              origin: local ? 'local' : 'federated',
            }),
          );
          const of = (kind: boolean) =>
            [...new Set(records.filter(({ revised }) => revised === kind).map(({ n }) => n))].sort(
              (a, b) => a - b,
            );
          const got = await pagesOf(batches, size);
          expect(numbers(got.keys)).toEqual(of(false));
          expect(numbers(got.revisedKeys)).toEqual(of(true));
          const count = of(false).length + of(true).length;
          expect(got.pages).toBe(Math.max(1, Math.ceil(count / size)));
        },
      ),
    );
  });

  it('gives the same answer in whatever order its documents are read', async () => {
    const batches = [
      batchOf([aKey(1, { risk: 1 })], { id: 'b', regions: ['US'] }),
      batchOf([aKey(1, { risk: 2 })], { id: 'a', regions: ['CA'] }),
      batchOf([aKey(1, { risk: 3 })], { id: 'c', window: unixMillis(9) }),
      revision(1, { risk: 4 }, { id: 'd' }),
      revision(1, { risk: 5 }, { id: 'e' }),
    ];
    const [first, ...others] = await Promise.all(
      [batches, batches.toReversed(), batches.slice(2).concat(batches.slice(0, 2))].map(
        async (order) => await pagesOf(order, 10),
      ),
    );
    for (const other of others) expect(other).toEqual(first);
    // What was released first counts, and of one window the smaller id.
    expect(first).toMatchObject({
      keys: [{ transmissionRisk: 2, regions: ['CA', 'US'] }],
      revisedKeys: [{ transmissionRisk: 4 }],
    });
  });

  it('gives of several revisions the one that takes the key back', async () => {
    const taken = revision(
      1,
      { reportType: 'negative', risk: 6 },
      { id: 'z', window: unixMillis(5) },
    );
    const got = await pagesOf([revision(1, { reportType: 'confirmed' }), taken], 10);
    expect(got.revisedKeys).toMatchObject([{ reportType: 5, transmissionRisk: 6 }]);
  });

  it('unites the regions of those copies only that the partner may have', async () => {
    const copies = [
      batchOf([aKey(1)], { regions: ['US', 'DE'] }),
      batchOf([aKey(1)], { regions: ['CA'], origin: 'federated' }),
      batchOf([aKey(1)], { regions: ['FR'], traveler: true }),
    ];
    const grant = aGrant({ includeRegions: ['US', 'CA'], onlyLocalProvenance: true });
    const { keys } = await pagesOf(copies, 10, readingOf([grant], wish));
    expect(keys.map(({ regions, traveler }) => [regions, traveler ?? false])).toEqual([
      [['US'], false],
    ]);
  });

  describe('keeps a key back whole when one copy has a region that is excluded', () => {
    const of = (kind: KeyBatch['kind'], origin: KeyBatch['origin']) => [
      batchOf([aKey(1), aKey(2)], { kind }),
      batchOf([aKey(1)], { kind, regions: ['TEST'], origin }),
    ];
    const including = { includeRegions: ['US', 'CA'] };
    const without = readingOf([aGrant({ ...including, excludeRegions: ['TEST'] })], wish);
    const unwished = readingOf([aGrant(including)], { ...wish, excludeRegions: ['TEST'] });

    it.each([
      ['by the grant', without, 'local'],
      ['by the wish', unwished, 'local'],
      ['and came from another server', without, 'federated'],
    ] as const)('%s', async (_why, reading, origin) => {
      const primaries = await pagesOf(of('primary', origin), 1, reading);
      const revisions = await pagesOf(of('revision', origin), 1, reading);
      expect([numbers(primaries.keys), numbers(revisions.revisedKeys)]).toEqual([[2], [2]]);
    });
  });

  it('leaves out revisions that say nothing, and counts them', async () => {
    const page = new Page(limits());
    const batches = [
      revision(1, { reportType: '' }),
      revision(2),
      batchOf([aKey(3, { reportType: '' })]),
    ];
    page.take(await packSlice(documents(batches)), ALL, undefined);
    const { keys, revisedKeys } = decoded(page);
    expect([numbers(keys), numbers(revisedKeys), page.leftOut]).toEqual([[3], [2], 1]);
  });

  it('leaves out a record with a code that nobody knows, and gives the keys beside it', async () => {
    const batch = batchOf([aKey(1), aKey(2)]);
    batch.records[22] = 4;
    const page = new Page(limits());
    page.take(await packSlice(documents([batch])), ALL, undefined);
    expect([numbers(decoded(page).keys), page.leftOut]).toEqual([[2], 1]);
  });

  it('cannot be packed from a document of a broken length', async () => {
    const batch = batchOf([aKey(1)], { records: new Uint8Array(25) });
    await expect(packSlice(documents([batch]))).rejects.toThrow(RangeError);
  });
});

describe('a page', () => {
  const manyKeys = (count: number, change: Partial<KeyBatch> = {}) =>
    batchOf(
      Array.from({ length: count }, (_, n) => {
        const data = Buffer.alloc(16);
        data.writeUInt32BE(n);
        return aKey(0, { data });
      }),
      change,
    );

  it('names the last record that was looked at when its time is over, served or not', async () => {
    const unit = await packSlice(documents([manyKeys(10_000, { regions: ['DE'] })]));
    let looks = 0;
    const page = new Page(limits({ isOver: () => ++looks > 2 }));
    const end = page.take(unit, ALL, undefined);
    expect(end.kind).toBe('stopped');
    const after = end.kind === 'exhausted' ? undefined : end.after;
    expect(Buffer.from(after?.key ?? []).readUInt32BE()).toBe(2 * 4096 - 1);
    expect(page.bytes).toHaveLength(0);
    const rest = new Page(limits({ isOver: () => false })).take(unit, ALL, after);
    expect(rest.kind).toBe('exhausted');
  });

  it('names nothing new when there was time for nothing', async () => {
    const unit = await packSlice(documents([manyKeys(3)]));
    const after = { kind: 'primary', key: Buffer.alloc(16) } as const;
    const page = new Page(limits({ isOver: () => true }));
    expect(page.take(unit, ALL, after)).toEqual({ kind: 'stopped', after });
  });

  it('ends with the key that reaches its bytes', async () => {
    const unit = await packSlice(documents([manyKeys(1000)]));
    const page = new Page(limits({ bytes: 1000 }));
    expect(page.take(unit, ALL, undefined).kind).toBe('full');
    expect(page.bytes.length).toBeGreaterThanOrEqual(1000);
    expect(page.bytes.length).toBeLessThan(1100);
    expect(page.isFull).toBe(true);
  });

  it('goes on behind a key that is not there any longer', async () => {
    const unit = await packSlice(documents([batchOf([aKey(1), aKey(5)])]));
    const page = new Page(limits());
    page.take(unit, ALL, { kind: 'primary', key: keyOf(3) });
    expect(numbers(decoded(page).keys)).toEqual([5]);
  });

  it('gives no primary again once it is at revisions', async () => {
    const unit = await packSlice(
      documents([batchOf([aKey(1)]), batchOf([aKey(1), aKey(2)], { kind: 'revision' })]),
    );
    const page = new Page(limits());
    page.take(unit, ALL, { kind: 'revision', key: keyOf(1) });
    const { keys, revisedKeys } = decoded(page);
    expect([numbers(keys), numbers(revisedKeys)]).toEqual([[], [2]]);
  });

  it('takes what stands behind its keys, however long that is', async () => {
    const page = new Page(limits());
    page.take(await packSlice(documents([batchOf([aKey(1)])])), ALL, undefined);
    const nextToken = 't'.repeat(20_000);
    const state = { keyCursor: { timestamp: 1, nextToken } };
    const answer = FederationFetchResponse.decode(answerBytes(page, { partial: false, state }));
    expect(numbers(answer.keys)).toEqual([1]);
    expect(answer.nextFetchState?.keyCursor?.nextToken).toBe(nextToken);
  });

  it('becomes an answer with what the partner does next', async () => {
    const page = new Page(limits());
    page.take(await packSlice(documents([batchOf([aKey(1)])])), ALL, undefined);
    const state = { keyCursor: { timestamp: 7, nextToken: 'x' } };
    const answer = FederationFetchResponse.decode(answerBytes(page, { partial: true, state }));
    const { keyCursor } = answer.nextFetchState ?? {};
    expect([answer.partialResponse, secondsIn(keyCursor ?? {}), keyCursor?.nextToken]).toEqual([
      ...[true, 7, 'x'],
    ]);
    expect(numbers(answer.keys)).toEqual([1]);
  });
});
