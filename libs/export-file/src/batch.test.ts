import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  type UnixMillis,
  unixMillis,
  alwaysWindow,
  windowLength,
} from '@keyserver/time';
import fc from 'fast-check';
import { type BatchSpan, type Coverage, dueBatches } from './batch.ts';

const TODAY = Date.UTC(2020, 4, 22);
const at = (clock: string): UnixMillis => unixMillis(TODAY + Date.parse(`1970-01-01T${clock}Z`));
const timeOf = (t: number): string => new Date(t).toISOString().slice(11, 16);
const W = windowLength(HOUR)!;
const always = { from: unixMillis(0), thru: undefined };

const coverage = (overrides: Partial<Coverage> = {}): Coverage => ({
  coveredUntil: undefined,
  // A new store holds no key yet, an export that goes on no key that is past retention.
  nothingBefore: overrides.coveredUntil === undefined ? at('10:00') : unixMillis(0),
  eff: at('10:11'),
  windows: alwaysWindow(W),
  limit: 100,
  ...overrides,
});
const spans = (due: readonly BatchSpan[]): string[] =>
  due.map(({ start, end }) => `${timeOf(start)}-${timeOf(end)}`);

describe('the published cases', () => {
  it.each([
    [HOUR, '10:00', []],
    [HOUR, undefined, ['09:00-10:00']],
    [HOUR, '07:00', ['07:00-08:00', '08:00-09:00', '09:00-10:00']],
    [15 * MINUTE, '09:00', ['09:00-09:15', '09:15-09:30', '09:30-09:45', '09:45-10:00']],
    [HOUR, '09:15', ['09:00-10:00']],
    [MINUTE, '09:58', ['09:58-09:59', '09:59-10:00']],
    [10 * MINUTE, undefined, ['09:50-10:00']],
  ])('cuts a period of %d ms after %s', (period, covered, expected) => {
    const coveredUntil = covered === undefined ? undefined : at(covered);
    expect(spans(dueBatches({ ...always, period }, coverage({ coveredUntil })))).toEqual(expected);
  });

  it('cuts the whole of the day before', () => {
    const coveredUntil = unixMillis(TODAY - DAY);
    expect(dueBatches({ ...always, period: DAY }, coverage({ coveredUntil }))).toEqual([
      { start: TODAY - DAY, end: TODAY },
    ]);
  });
});

describe('an export that has begun or ended', () => {
  const hourly = { period: HOUR, from: at('08:30'), thru: undefined };

  it.each(['08:00', '08:30'])('cuts nothing before it begins, at %s', (eff) => {
    expect(dueBatches(hourly, coverage({ eff: at(eff) }))).toEqual([]);
  });

  it('begins with the window in which it begins, once that is closed', () => {
    const held = { nothingBefore: at('06:00') };
    expect(dueBatches(hourly, coverage({ ...held, eff: at('08:59') }))).toEqual([]);
    expect(spans(dueBatches(hourly, coverage({ ...held, eff: at('10:00') })))).toEqual([
      '08:00-09:00',
      '09:00-10:00',
    ]);
  });

  it.each([
    [10 * MINUTE, '08:00-08:10'],
    [90 * MINUTE, '07:30-09:00'],
    [4 * HOUR, '08:00-12:00'],
    [DAY, '00:00-00:00'],
  ])('begins with the batch of %d ms that holds that window', (period, first) => {
    const state = { nothingBefore: at('00:00'), eff: unixMillis(TODAY + DAY) };
    expect(spans(dueBatches({ ...hourly, period }, coverage(state)))[0]).toBe(first);
  });

  it('ends with the batch that holds the last window starting before its end', () => {
    const ending = { period: 4 * HOUR, from: at('00:00'), thru: at('09:30') };
    const cut = (eff: string, covered: string): string[] =>
      spans(dueBatches(ending, coverage({ eff: at(eff), coveredUntil: at(covered) })));
    expect(cut('11:59', '04:00')).toEqual(['04:00-08:00']);
    expect(cut('20:00', '04:00')).toEqual(['04:00-08:00', '08:00-12:00']);
    expect(cut('20:00', '12:00')).toEqual([]);
  });

  it.each([
    ['12:00', ['08:00-12:00']],
    ['08:01', ['08:00-12:00']],
    ['08:00', []],
    ['04:01', []],
  ])('with an end at %s', (thru, expected) => {
    const ending = { period: 4 * HOUR, from: at('00:00'), thru: at(thru) };
    const due = dueBatches(ending, coverage({ eff: at('20:00'), coveredUntil: at('08:00') }));
    expect(spans(due)).toEqual(expected);
  });

  it('does not cut empty time after the last window of a period shorter than a window', () => {
    const ending = { period: 10 * MINUTE, from: at('00:00'), thru: at('09:30') };
    const due = dueBatches(ending, coverage({ eff: at('20:00'), coveredUntil: at('09:00') }));
    expect(spans(due)).toEqual(['09:00-09:10']);
  });

  it('still cuts its last batch when it was never worked on before its end', () => {
    const ending = { period: DAY, from: at('00:00'), thru: at('09:30') };
    const eff = unixMillis(TODAY + 3 * DAY);
    expect(dueBatches(ending, coverage({ eff, nothingBefore: eff }))).toEqual([
      { start: TODAY, end: TODAY + DAY },
    ]);
  });

  it.each([0, HOUR])('cuts nothing before time begins, with an end at %d', (thru) => {
    const ending = { period: DAY, from: unixMillis(0), thru: unixMillis(thru) };
    expect(dueBatches(ending, coverage({ eff: unixMillis(2 * HOUR) }))).toEqual([]);
  });
});

describe('the first cut', () => {
  const hourly = { ...always, period: HOUR };

  it('begins at the oldest window that holds a key, however long ago that was', () => {
    expect(spans(dueBatches(hourly, coverage({ nothingBefore: at('07:00') })))).toEqual([
      '07:00-08:00',
      '08:00-09:00',
      '09:00-10:00',
    ]);
  });

  it('takes bounded steps, oldest first', () => {
    const state = { nothingBefore: at('02:00'), limit: 2 };
    expect(spans(dueBatches(hourly, coverage(state)))).toEqual(['02:00-03:00', '03:00-04:00']);
  });

  it('does not reach back before the export begins', () => {
    const later = { ...hourly, from: at('08:00') };
    const due = dueBatches(later, coverage({ nothingBefore: at('02:00') }));
    expect(spans(due)).toEqual(['08:00-09:00', '09:00-10:00']);
  });

  it('is the newest batch alone while no key was ever stored', () => {
    expect(spans(dueBatches(hourly, coverage()))).toEqual(['09:00-10:00']);
  });

  it('waits for the window of the only key', () => {
    const state = { nothingBefore: at('10:00'), eff: at('11:00') };
    expect(spans(dueBatches(hourly, coverage(state)))).toEqual(['10:00-11:00']);
  });

  const hours = fc.integer({ min: 0, max: 20 });

  it('covers each closed window with keys from the beginning on, whenever it happens', () => {
    fc.assert(
      fc.property(
        fc.record({
          from: fc.integer({ min: 0, max: 20 * HOUR }),
          held: fc.uniqueArray(hours, { minLength: 1 }),
          now: fc.integer({ min: 0, max: 2 * DAY }),
          period: fc.constantFrom(10 * MINUTE, HOUR, 90 * MINUTE, 4 * HOUR, DAY),
        }),
        ({ from, held, now, period }) => {
          const eff = unixMillis(TODAY + now);
          const windows = held.map((n) => TODAY + n * HOUR);
          const closed = windows.filter((window) => window + HOUR <= eff - (eff % HOUR));
          const due = dueBatches(
            { period, from: unixMillis(TODAY + from), thru: undefined },
            coverage({ eff, nothingBefore: unixMillis(Math.min(...windows, eff)), limit: 1000 }),
          );
          const until = due.at(-1)?.end ?? 0;
          for (const window of closed.filter((one) => one + HOUR > TODAY + from && one < until))
            expect(due.filter(({ start, end }) => start <= window && window < end)).toHaveLength(1);
          // The last one due is as near to the closed windows as the period allows.
          if (due.length > 0) expect(until + period).toBeGreaterThan(eff - (eff % HOUR));
        },
      ),
    );
  });
});

describe('catching up', () => {
  it('passes over what is past retention, but never over the newest batch', () => {
    const long = coverage({ coveredUntil: at('01:00'), nothingBefore: at('08:20') });
    expect(spans(dueBatches({ ...always, period: HOUR }, long))).toEqual([
      '08:00-09:00',
      '09:00-10:00',
    ]);
    const longer = coverage({ coveredUntil: at('01:00'), nothingBefore: at('23:00') });
    expect(spans(dueBatches({ ...always, period: HOUR }, longer))).toEqual(['09:00-10:00']);
  });

  it('cuts a bounded number of batches, oldest first', () => {
    const due = dueBatches(
      { ...always, period: HOUR },
      coverage({ coveredUntil: at('01:00'), limit: 2 }),
    );
    expect(spans(due)).toEqual(['01:00-02:00', '02:00-03:00']);
  });

  it('cuts none when none is allowed', () => {
    expect(dueBatches({ ...always, period: HOUR }, coverage({ limit: 0 }))).toEqual([]);
  });

  const divisor = fc.constantFrom(SECOND, MINUTE, 10 * MINUTE, HOUR, 90 * MINUTE, 4 * HOUR, DAY);
  const time = fc.integer({ min: 10 * DAY, max: 13 * DAY });

  it('leaves no gap, aligns every batch, and never passes what is closed', () => {
    fc.assert(
      fc.property(
        fc.record({ period: divisor, w: divisor, covered: time, eff: time, limit: fc.nat(50) }),
        ({ period, w, covered, eff, limit }) => {
          const due = dueBatches(
            { ...always, period },
            {
              coveredUntil: unixMillis(covered),
              nothingBefore: unixMillis(0),
              eff: unixMillis(eff),
              windows: alwaysWindow(windowLength(w)!),
              limit,
            },
          );
          let reached = covered;
          for (const { start, end } of due) {
            expect(start <= reached && end > reached).toBe(true);
            expect([start % period, end - start]).toEqual([0, period]);
            reached = end;
          }
          expect(due.length).toBeLessThanOrEqual(limit);
          const closed = eff - (eff % w);
          expect(reached).toBeLessThanOrEqual(Math.max(closed, covered));
          if (due.length < limit)
            expect(Math.max(reached, covered) + period).toBeGreaterThan(closed);
        },
      ),
    );
  });
});
