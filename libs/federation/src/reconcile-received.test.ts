import { type ExposureKey, type ReportType, keyHex } from '@keyserver/exposure-keys';
import {
  DAY,
  HOUR,
  INTERVAL,
  alwaysWindow,
  intervalAt,
  intervalNumber,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import fc from 'fast-check';
import type { ReceivedKey } from './received-key.ts';
import { type StoredCopy, reconcileReceived } from './reconcile-received.ts';

const NOW = unixMillis(Date.UTC(2026, 0, 15, 12));
const CONTEXT = {
  ...{ sourceId: 'neighbour', now: NOW, maxAge: 15 * DAY },
  windows: alwaysWindow(windowLength(HOUR)!),
};
const YESTERDAY = intervalAt(NOW) - 216;

const aKey = (n: number, fields: Partial<ExposureKey> = {}): ExposureKey => ({
  ...{ data: Buffer.alloc(16, n), start: intervalNumber(YESTERDAY), period: 144 },
  ...{ risk: 2, reportType: 'likely', onsetDays: undefined },
  ...fields,
});
const received = (
  kind: ReceivedKey['kind'],
  key: Partial<ExposureKey> = {},
  fields: Partial<ReceivedKey> = {},
): ReceivedKey => ({
  ...{ kind, key: aKey(1, key), regions: ['XA'], traveler: false, verifiedBy: undefined },
  ...fields,
});
const copy = (fields: Partial<StoredCopy> = {}, key: Partial<ExposureKey> = {}): StoredCopy => ({
  ...{ window: unixMillis(NOW - 5 * HOUR), kind: 'primary', origin: 'federated' },
  ...{ sourceId: 'neighbour', regions: ['XA'], traveler: false, key: aKey(1, key) },
  ...fields,
});
function decide(
  sent: readonly ReceivedKey[],
  copies: readonly StoredCopy[] = [],
  context: Partial<typeof CONTEXT> = {},
) {
  const stored = new Map([[keyHex(aKey(1).data), copies]]);
  const decided = reconcileReceived(sent, stored, { ...CONTEXT, ...context });
  if (decided.kind !== 'store') return { ...NOTHING, kind: decided.kind };
  const documents = decided.documents.map(({ kind, regions, keys }) => [
    ...[kind, regions.join(), keys.map(({ reportType }) => reportType).join()],
  ]);
  const rejects = decided.rejects.map(({ field, reason }) => `${field} ${reason}`);
  return { ...decided, documents, rejects, windows: decided.documents.map(({ window }) => window) };
}
const NOTHING = { documents: [], windows: [], inserted: 0, revised: 0, known: 0, rejects: [] };

describe('a primary key of a partner', () => {
  it('is stored in the window of now', () => {
    const decided = decide([received('primary')]);
    expect([decided.documents, decided.windows]).toEqual([[['primary', 'XA', 'likely']], [NOW]]);
  });

  it('waits for its end while it is still valid, also when it begins within a day from now', () => {
    const start = intervalNumber(intervalAt(NOW) + 144);
    const [window = 0] = decide([received('primary', { start })]).windows;
    expect(window).toBeGreaterThanOrEqual((start + 144) * INTERVAL);
  });

  it('that begins more than a day from now tells of a wrong clock: nothing is stored', () => {
    const start = intervalNumber(intervalAt(NOW) + 145);
    const all = [
      received('primary', { data: Buffer.alloc(16, 2) }),
      received('primary', { start }),
    ];
    expect(decide(all)).toMatchObject({ kind: 'too far ahead', documents: [] });
  });

  it('is refused once its age has passed by the time of the transaction, and no sooner', () => {
    const end = (YESTERDAY + 144) * INTERVAL;
    const at = (now: number) => decide([received('primary')], [], { now: unixMillis(now) });
    expect(at(end + 15 * DAY).inserted).toBe(1);
    expect(at(end + 15 * DAY + INTERVAL).rejects).toEqual(['intervalNumber too_old']);
  });

  it.each([['local'], ['imported'], ['padding'], ['federated']] as const)(
    'is known where a %s copy has its regions, whoever that came from',
    (origin) => {
      const decided = decide([received('primary')], [copy({ origin, sourceId: 'somebody' })]);
      expect([decided.known, decided.documents]).toEqual([1, []]);
    },
  );

  it('becomes one more record with the regions that no copy has', () => {
    const copies = [copy({ regions: ['XB'], origin: 'local' }), copy({ regions: ['XC'] })];
    const sent = received('primary', {}, { regions: ['XA', 'XB', 'XC', 'XD'] });
    expect(decide([sent], copies).documents).toEqual([['primary', 'XA,XD', 'likely']]);
  });

  it('is stored once when it comes twice in one page', () => {
    const twice = [received('primary'), received('primary', {}, { regions: ['XA', 'XB'] })];
    expect(decide(twice).documents).toEqual([
      ['primary', 'XA', 'likely'],
      ['primary', 'XB', 'likely'],
    ]);
  });

  it('of a traveler without regions is stored once', () => {
    const traveler = received('primary', {}, { regions: [], traveler: true });
    expect(decide([traveler, traveler])).toMatchObject({ inserted: 1, known: 1 });
  });

  it('is refused when it spans another time than the same key before', () => {
    expect(decide([received('primary', { period: 143 })], [copy()]).rejects).toEqual([
      'intervalNumber differs',
    ]);
  });

  it('is refused for further regions once it lies here often', () => {
    const copies = Array.from({ length: 20 }, (_, n) => copy({ regions: [`R${n}`] }));
    expect(decide([received('primary')], copies).rejects).toEqual(['regions too_many']);
  });
});

describe('a revision of a partner', () => {
  const revised = (reportType: ReportType, fields: Partial<ReceivedKey> = {}) =>
    received('revision', { reportType }, fields);

  it('of a key that is not stored is refused', () => {
    expect(decide([revised('negative')]).rejects).toEqual(['exposureKey no_primary']);
  });

  it.each([
    [{ origin: 'local', sourceId: '' }],
    [{ origin: 'federated', sourceId: 'other' }],
    [{ origin: 'imported', sourceId: 'neighbour' }],
  ] as const)('of a key of another source is refused: %j', (of) => {
    const decided = decide([revised('negative')], [copy(of)]);
    expect([decided.rejects, decided.documents]).toEqual([['exposureKey other_source'], []]);
  });

  it('is stored for the regions of all copies of its source, and no others', () => {
    const copies = [
      copy(),
      copy({ regions: ['XB'] }),
      copy({ regions: ['XC'], sourceId: 'other' }),
    ];
    const sent = revised('negative', { regions: ['XA', 'XD'] });
    expect(decide([sent], copies).documents).toEqual([['revision', 'XA,XB', 'negative']]);
  });

  it('never overtakes its key', () => {
    const window = unixMillis(NOW + 9 * HOUR);
    expect(decide([revised('confirmed')], [copy({ window })]).windows).toEqual([window]);
  });

  it('publishes its key in the regions that it adds, and revises it there too', () => {
    const sent = revised('confirmed', { regions: ['XA', 'XB'] });
    expect(decide([sent], [copy()]).documents).toEqual([
      ['primary', 'XB', 'likely'],
      ['revision', 'XA,XB', 'confirmed'],
    ]);
  });

  it('is known when it says what was said', () => {
    const copies = [copy(), copy({ kind: 'revision' }, { reportType: 'confirmed' })];
    expect(decide([revised('confirmed')], copies)).toMatchObject({ known: 1, documents: [] });
    expect(decide([revised('likely')], [copy()])).toMatchObject({ known: 1, documents: [] });
  });

  it('is said again for regions that its key got since', () => {
    const copies = [
      ...[copy(), copy({ regions: ['XB'] })],
      copy({ kind: 'revision' }, { reportType: 'negative' }),
    ];
    expect(decide([revised('negative')], copies).documents).toEqual([
      ['revision', 'XB', 'negative'],
    ]);
  });

  it('is taken a second time only if the key is taken back', () => {
    const copies = [copy(), copy({ kind: 'revision' }, { reportType: 'confirmed' })];
    expect(decide([revised('negative')], copies).revised).toBe(1);
    const revoked = [copy(), copy({ kind: 'revision' }, { reportType: 'negative' })];
    expect(decide([revised('confirmed')], revoked).rejects).toEqual(['reportType transition']);
  });

  it.each([
    ['confirmed', 'likely'],
    ['confirmed', 'negative'],
  ] as const)('is refused from %s to %s', (from, to) => {
    expect(decide([revised(to)], [copy({}, { reportType: from })]).rejects).toEqual([
      'reportType transition',
    ]);
  });

  it('is taken of a key that is too old to be published', () => {
    const now = unixMillis((YESTERDAY + 144) * INTERVAL + 20 * DAY);
    expect(decide([revised('negative')], [copy()], { now }).revised).toBe(1);
  });

  it('follows its key within one page', () => {
    expect(decide([received('primary'), revised('negative')])).toMatchObject({
      ...{ inserted: 1, revised: 1 },
    });
  });
});

it('gives no region a key twice, and changes nothing on a second time, whatever comes', () => {
  const regions = fc.uniqueArray(fc.constantFrom('XA', 'XB', 'XC', 'XD'), { minLength: 1 });
  const one = fc.record({
    kind: fc.constantFrom('primary' as const, 'revision' as const),
    n: fc.integer({ min: 1, max: 3 }),
    type: fc.constantFrom('likely' as const, 'confirmed' as const, 'negative' as const),
    regions,
    source: fc.constantFrom('neighbour', 'other'),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 12 }), (sent) => {
      const stored = new Map<string, StoredCopy[]>();
      const take = (each: (typeof sent)[number]) => {
        const key = aKey(each.n, { reportType: each.type });
        if (each.kind === 'primary' && each.type === 'negative') return 0;
        const asked = received(each.kind, key, { regions: each.regions.toSorted() });
        const context = { ...CONTEXT, sourceId: each.source };
        const decided = reconcileReceived([asked], stored, context);
        if (decided.kind !== 'store') throw new Error('no clock is wrong here');
        for (const { keys, verifiedBy: _, ...document } of decided.documents)
          for (const written of keys) {
            const id = keyHex(written.data);
            const of = { ...document, key: written, origin: 'federated' as const };
            stored.set(id, [...(stored.get(id) ?? []), { ...of, sourceId: each.source }]);
          }
        return decided.documents.length;
      };
      for (const each of sent) {
        take(each);
        expect(take(each)).toBe(0);
      }
      for (const copies of stored.values()) {
        const published = copies.flatMap((each) => (each.kind === 'primary' ? each.regions : []));
        expect(new Set(published).size).toBe(published.length);
        for (const each of copies.filter(({ kind }) => kind === 'revision'))
          expect(each.regions.every((region) => published.includes(region))).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});
