import {
  DEFAULT_KEY_RULES,
  type ExposureKey,
  type KeyBatch,
  type ReportType,
  earliestEnd,
  keyEnd,
  keyHex,
  mayBecome,
  packRecords,
  unpackRecords,
} from '@keyserver/exposure-keys';
import { seededRandom } from '@keyserver/random/testing';
import { DAY, HOUR, INTERVAL, floorTo, intervalNumber, unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { type KeyDocument, type RevisedDocument, drawDelay, reviseDocuments } from './index.ts';

const noon = unixMillis(Date.UTC(2021, 4, 4, 12));
const today = floorTo(noon, DAY) / INTERVAL;
const HIDDEN = { regions: ['DE'], traveler: false, app: 'de', authority: undefined } as const;
const TYPES: readonly ReportType[] = ['', 'confirmed', 'likely', 'user-report', 'negative'];

let drawn = 0;
/** A key of so many days ago. */
const aKey = (daysAgo: number, reportType: ReportType, given = {}): ExposureKey => ({
  data: seededRandom(`key ${drawn++}`).bytes(16),
  start: intervalNumber(today - daysAgo * 144),
  period: 144,
  risk: 3,
  reportType,
  onsetDays: 1,
  ...given,
});

/** A generated document that was published so many hours before noon. */
const published = (id: string, hoursAgo: number, ...keys: readonly ExposureKey[]): KeyBatch => ({
  ...{ ...HIDDEN, id, kind: 'primary', origin: 'padding', sourceId: 'cell/attempt' },
  window: unixMillis(noon - hoursAgo * HOUR),
  records: packRecords(keys),
});

/** A real revision of one key. */
const aRevision = (reportType: ReportType, given = {}): KeyDocument => ({
  ...HIDDEN,
  window: noon,
  records: packRecords([aKey(3, reportType, given)]),
});

interface Given {
  readonly real?: readonly KeyDocument[];
  readonly windows?: readonly number[];
  readonly count?: number;
  readonly seed?: string;
}

const revise = (all: readonly KeyBatch[], given: Given = {}): readonly RevisedDocument[] =>
  reviseDocuments(
    all,
    {
      documents: given.real ?? [aRevision('confirmed')],
      windows: (given.windows ?? [noon]).map((t) => unixMillis(t)),
    },
    {
      count: given.count ?? 10,
      rules: DEFAULT_KEY_RULES,
      random: seededRandom(given.seed ?? 'revise'),
    },
  );

const keysOf = ({ document }: RevisedDocument): readonly ExposureKey[] =>
  unpackRecords(document.records);

describe('a generated document that is revised', () => {
  it('keeps its keys, their days and its audience, and gets report type, risk and window of the revisions', () => {
    const keys = [aKey(2, 'likely'), aKey(3, 'likely')];
    const real = [aRevision('confirmed', { risk: 6 })];
    const [revised, ...others] = revise([published('one', 24, ...keys)], { real });
    expect(others).toEqual([]);
    expect(revised).toMatchObject({ of: 'one', document: { ...HIDDEN, window: noon } });
    const byData = (all: readonly ExposureKey[]) =>
      all.map((key) => ({ ...key, data: keyHex(key.data) })).toSorted((a, b) => a.start - b.start);
    expect(byData(keysOf(revised!))).toEqual(
      byData(keys.map((key) => ({ ...key, reportType: 'confirmed', risk: 6 }))),
    );
  });

  it('lies in a window that is later than its own', () => {
    const windows = [noon - 2 * HOUR, noon - HOUR, noon];
    const all = Array.from({ length: 30 }, (_, n) =>
      published(`${n}`, 1 + (n % 3), aKey(3, 'likely')),
    );
    const found = revise(all, { windows, count: 30 });
    expect(found).toHaveLength(30);
    for (const { of, document } of found) {
      const own = all.find(({ id }) => id === of)!.window;
      expect(document.window).toBeGreaterThan(own);
      expect(windows).toContain(document.window);
    }
  });

  it('is passed over when it was published in the last window of the cell, or after it', () => {
    expect(revise([published('now', 0, aKey(2, 'likely'))])).toEqual([]);
    expect(revise([published('later', -1, aKey(2, 'likely'))])).toEqual([]);
  });

  it.each(TYPES.flatMap((from) => TYPES.map((to): [ReportType, ReportType] => [from, to])))(
    'goes from "%s" to "%s" only where a phone could revise it so',
    (from, to) => {
      const found = revise([published('one', 24, aKey(2, from))], { real: [aRevision(to)] });
      expect(found).toHaveLength(mayBecome(from, to) ? 1 : 0);
    },
  );

  it('takes another of the ways in which people revised where it cannot become the first', () => {
    const real = [aRevision('likely'), aRevision('negative')];
    const all = Array.from({ length: 10 }, (_, n) => published(`${n}`, 24, aKey(2, '')));
    const types = revise(all, { real }).flatMap((one) => keysOf(one).map((key) => key.reportType));
    expect(types).toEqual(Array.from({ length: 10 }, () => 'negative'));
  });

  it('is revised without the keys that no phone could send any more, and not at all without others', () => {
    const oldest = earliestEnd(noon, DEFAULT_KEY_RULES.maxAge);
    const last = aKey(0, 'likely', { start: intervalNumber(oldest - 144) });
    const old = aKey(0, 'likely', { start: intervalNumber(oldest - 145) });
    const [revised] = revise([published('one', 24, last, old)]);
    expect(keysOf(revised!).map(({ data }) => keyHex(data))).toEqual([keyHex(last.data)]);
    expect(revise([published('one', 24, old)])).toEqual([]);
  });

  it('has no onset where nobody who revised has one', () => {
    const [revised] = revise([published('one', 24, aKey(2, 'likely'))], {
      real: [aRevision('confirmed', { onsetDays: undefined })],
    });
    expect(keysOf(revised!).map(({ onsetDays }) => onsetDays)).toEqual([undefined]);
  });
});

describe('generated documents that are revised', () => {
  const some = fc.array(
    fc.record({
      hoursAgo: fc.integer({ min: -2, max: 14 * 24 }),
      type: fc.constantFrom(...TYPES),
      days: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 5 }),
    }),
    { maxLength: 30 },
  );
  const revisions = fc.array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 4 });

  it('are never more than asked for, each at most once, and each as a phone could have revised it', () => {
    fc.assert(
      fc.property(some, revisions, fc.nat(12), fc.string(), (drawnOnes, types, count, seed) => {
        const all = drawnOnes.map(({ hoursAgo, type, days }, n) =>
          published(`${n}`, hoursAgo, ...days.map((day) => aKey(day, type))),
        );
        const windows = [noon - HOUR, noon];
        const real = types.map((type) => aRevision(type));
        const found = revise(all, { real, windows, count, seed });
        expect(found.length).toBeLessThanOrEqual(count);
        expect(new Set(found.map(({ of }) => of)).size).toBe(found.length);
        for (const one of found) {
          const original = all.find(({ id }) => id === one.of)!;
          const before = new Map(
            unpackRecords(original.records).map((key) => [keyHex(key.data), key]),
          );
          const { window } = one.document;
          expect(windows).toContain(window);
          expect(window).toBeGreaterThan(original.window);
          expect(keysOf(one).length).toBeGreaterThan(0);
          for (const key of keysOf(one)) {
            const { start, period, reportType } = before.get(keyHex(key.data))!;
            expect([key.start, key.period]).toEqual([start, period]);
            expect(types).toContain(key.reportType);
            expect(mayBecome(reportType, key.reportType)).toBe(true);
            expect(keyEnd(key)).toBeGreaterThanOrEqual(
              earliestEnd(window, DEFAULT_KEY_RULES.maxAge),
            );
          }
        }
      }),
    );
  });

  it('are as many as asked for where there are enough', () => {
    const all = Array.from({ length: 40 }, (_, n) => published(`${n}`, 24, aKey(2, 'likely')));
    for (const count of [0, 1, 7, 40]) expect(revise(all, { count })).toHaveLength(count);
  });

  it('are drawn at random', () => {
    const all = Array.from({ length: 40 }, (_, n) => published(`${n}`, 24, aKey(2, 'likely')));
    const ids = (seed: string) => revise(all, { seed }).map(({ of }) => of);
    expect(ids('a')).not.toEqual(ids('b'));
  });
});

describe('the time before a revision', () => {
  const DRAWS = 4000;
  const delays = (most: number): readonly number[] => {
    const random = seededRandom('delays');
    return Array.from({ length: DRAWS }, () => drawDelay(most, random));
  };

  it('is two days in the mean', () => {
    const mean = delays(365 * DAY).reduce((sum, delay) => sum + delay, 0) / DRAWS;
    expect(Math.abs(mean - 2 * DAY)).toBeLessThan(DAY / 5);
  });

  it('is never longer than keys are kept', () => {
    for (const delay of delays(DAY)) {
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThanOrEqual(DAY);
    }
  });
});
