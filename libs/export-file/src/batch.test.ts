import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  type UnixMillis,
  alwaysWindow,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import fc from 'fast-check';
import { type BatchSpan, type Stretch, dueBatches } from './batch.ts';

const TODAY = Date.UTC(2020, 4, 22);
const at = (clock: string): UnixMillis => unixMillis(TODAY + Date.parse(`1970-01-01T${clock}Z`));
const timeOf = (t: number): string => new Date(t).toISOString().slice(11, 16);
const spans = (due: readonly BatchSpan[]): string[] =>
  due.map(({ start, end }) => `${timeOf(start)}-${timeOf(end)}`);

/** What is due of an export in the stretch from one time of the day to another, with windows of an hour. */
const due = (period: number, from: string, until: string, limit = 100): string[] =>
  spans(dueBatches({ period }, stretch({ from: at(from), until: at(until), limit })));
const stretch = (overrides: Partial<Stretch>): Stretch => ({
  from: at('00:00'),
  until: at('10:11'),
  windows: alwaysWindow(windowLength(HOUR)!),
  limit: 100,
  ...overrides,
});

it.each([
  [HOUR, '10:00', []],
  [HOUR, '07:00', ['07:00-08:00', '08:00-09:00', '09:00-10:00']],
  [15 * MINUTE, '09:00', ['09:00-09:15', '09:15-09:30', '09:30-09:45', '09:45-10:00']],
  [MINUTE, '09:58', ['09:58-09:59', '09:59-10:00']],
  [10 * MINUTE, '09:50', ['09:50-10:00']],
  [4 * HOUR, '04:00', ['04:00-08:00']],
])(
  'cuts a period of %d ms from %s up to the last window that is whole',
  (period, from, expected) => {
    expect(due(period, from, '10:11')).toEqual(expected);
  },
);

it('cuts a whole day that is over', () => {
  const yesterday = { from: unixMillis(TODAY - DAY), until: unixMillis(TODAY) };
  expect(dueBatches({ period: DAY }, stretch(yesterday))).toEqual([
    { start: TODAY - DAY, end: TODAY },
  ]);
});

it('cuts nothing of a day that is not over, when a batch takes all of it', () => {
  expect(due(DAY, '00:00', '23:59')).toEqual([]);
});

it.each([
  [10 * MINUTE, '08:30-08:40'],
  [90 * MINUTE, '07:30-09:00'],
  [4 * HOUR, '08:00-12:00'],
])('begins with the aligned batch of %d ms that holds the beginning', (period, first) => {
  expect(due(period, '08:30', '23:00')[0]).toBe(first);
});

it('holds a window back until all of it may be exported', () => {
  expect(due(HOUR, '08:00', '08:59')).toEqual([]);
  expect(due(HOUR, '08:00', '09:00')).toEqual(['08:00-09:00']);
});

it('cuts a bounded number of batches, oldest first', () => {
  expect(due(HOUR, '01:00', '10:00', 2)).toEqual(['01:00-02:00', '02:00-03:00']);
  expect(due(HOUR, '01:00', '10:00', 0)).toEqual([]);
});

it('cuts nothing of an empty stretch, or before time begins', () => {
  expect(due(HOUR, '10:00', '10:00')).toEqual([]);
  expect(due(HOUR, '10:00', '08:00')).toEqual([]);
  const first = stretch({ from: unixMillis(0), until: unixMillis(0) });
  expect(dueBatches({ period: DAY }, first)).toEqual([]);
});

const divisor = fc.constantFrom(SECOND, MINUTE, 10 * MINUTE, HOUR, 90 * MINUTE, 4 * HOUR, DAY);
const time = fc.integer({ min: 10 * DAY, max: 13 * DAY });

it('leaves no gap, aligns every batch, and never passes what may be exported', () => {
  fc.assert(
    fc.property(
      fc.record({ period: divisor, w: divisor, from: time, until: time, limit: fc.nat(50) }),
      ({ period, w, from, until, limit }) => {
        const windows = alwaysWindow(windowLength(w)!);
        const found = dueBatches(
          { period },
          { from: unixMillis(from), until: unixMillis(until), windows, limit },
        );
        let reached = from;
        for (const { start, end } of found) {
          expect(start <= reached && end > reached).toBe(true);
          expect([start % period, end - start]).toEqual([0, period]);
          reached = end;
        }
        expect(found.length).toBeLessThanOrEqual(limit);
        const closed = until - (until % w);
        expect(reached).toBeLessThanOrEqual(Math.max(closed, from));
        if (found.length < limit) expect(Math.max(reached, from) + period).toBeGreaterThan(closed);
      },
    ),
  );
});

it('cuts a day in two stretches as it cuts it in one', () => {
  fc.assert(
    fc.property(
      fc.record({ period: divisor.filter((one) => one >= MINUTE), until: fc.nat(DAY) }),
      ({ period, until }) => {
        const limit = 2000;
        const cut = (from: UnixMillis, to: UnixMillis): readonly BatchSpan[] =>
          dueBatches({ period }, stretch({ from, until: to, limit }));
        const [midnight, night] = [unixMillis(TODAY), unixMillis(TODAY + DAY)];
        const first = cut(midnight, unixMillis(TODAY + until));
        const second = cut(first.at(-1)?.end ?? midnight, night);
        expect([...first, ...second]).toEqual(cut(midnight, night));
      },
    ),
  );
});
