import type { HourTotals } from '@keyserver/stores';
import { DAY, HOUR, type UnixMillis, unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { type DayTotals, daysOf, shownDays } from './days.ts';

const RULES = { minUploads: 10, embargo: 48 * HOUR };
/** 2021-05-04T10:17Z, and the midnights before it. */
const NOW = unixMillis(1_620_123_420_000);
const midnight = (day: number): UnixMillis => unixMillis(Date.UTC(2021, 4, day));

const zeros = (length: number): number[] => Array.from({ length }, () => 0);
const anHour = (hour: number, of: Partial<HourTotals> = {}): HourTotals => ({
  ...{ hour: unixMillis(hour), unknown: 0, android: 0, ios: 0, keys: 0, revisions: 0 },
  ...{ oldestKeyDays: zeros(16), onsetDays: zeros(30), onsetMissing: 0, ...of },
});

/** The midnights of the days that are shown when everything before the present hour is folded. */
const shown = (hours: readonly HourTotals[], now = NOW, rules = RULES): readonly number[] =>
  shownDays({ hours, foldedUntil: now }, now, rules).map(({ day }) => day);

describe('the days that an authority is shown (15.4)', () => {
  it.each([
    ['a day of 3 whose embargo is over', 1, 3, true],
    ['a day of 9 within the embargo', 2, 9, false],
    ['a day of 10 within the embargo', 2, 10, true],
    ['yesterday with 10', 3, 10, true],
    ['the present day, however many it has', 4, 1000, false],
  ])('%s: 2021-05-0%d with %d uploads, shown: %p', (_, day, uploads, isShown) => {
    const hours = [anHour(midnight(day) + 9 * HOUR, { android: uploads })];
    expect(shown(hours)).toEqual(isShown ? [midnight(day)] : []);
  });

  it('counts phones of all platforms for the minimum', () => {
    const at = (hour: number) => midnight(3) + hour * HOUR;
    const hours = [anHour(at(1), { unknown: 3, android: 3 }), anHour(at(23), { ios: 4 })];
    expect(shown(hours)).toEqual([midnight(3)]);
    expect(shown(hours, NOW, { ...RULES, minUploads: 11 })).toEqual([]);
  });

  it('shows a small day only strictly after the embargo', () => {
    const hours = [anHour(midnight(1), { ios: 1 })];
    const ends = midnight(2) + 48 * HOUR;
    expect(shown(hours, unixMillis(ends))).toEqual([]);
    expect(shown(hours, unixMillis(ends + 1))).toEqual([midnight(1)]);
  });

  it('waits until all hours of a day are folded, and for its end by the own clock', () => {
    const hours = [anHour(midnight(3), { ios: 10 })];
    const days = (foldedUntil: number | undefined, now = NOW) =>
      shownDays(
        { hours, foldedUntil: foldedUntil === undefined ? undefined : unixMillis(foldedUntil) },
        now,
        RULES,
      ).length;
    expect(days(midnight(4) - HOUR)).toBe(0);
    expect(days(midnight(4))).toBe(1);
    expect(days(undefined)).toBe(0);
    expect(days(midnight(4), unixMillis(midnight(4) - 1))).toBe(0);
  });

  it('shows no small day early because the own clock is ahead', () => {
    const hours = [anHour(midnight(3), { ios: 1 })];
    const inAWeek = unixMillis(NOW + 7 * DAY);
    expect(shownDays({ hours, foldedUntil: NOW }, inAWeek, RULES)).toEqual([]);
  });

  it('adds hours up bucket by bucket, and sorts days', () => {
    const third = (n: number) => zeros(16).map((_, at) => (at === 3 ? n : 0));
    const hours = [
      anHour(midnight(3) + HOUR, { ios: 8, keys: 5, revisions: 1, oldestKeyDays: third(2) }),
      anHour(midnight(2), { android: 12, onsetMissing: 12 }),
      anHour(midnight(3), { ios: 4, keys: 2, onsetMissing: 1, oldestKeyDays: third(1) }),
    ];
    const [second, thirdDay] = shownDays({ hours, foldedUntil: NOW }, NOW, RULES);
    expect(second).toMatchObject({ day: midnight(2), android: 12, onsetMissing: 12 });
    expect(thirdDay).toMatchObject({
      ...{ day: midnight(3), ios: 12, keys: 7, revisions: 1, onsetMissing: 1 },
      oldestKeyDays: third(3),
      onsetDays: zeros(30),
    });
  });
});

/** A person who uploads: what an attacker would like to know, and what the server counts. */
interface Person {
  readonly hour: number;
  readonly platform: 'android' | 'ios';
  readonly onset: number;
  readonly age: number;
}

const DAY_BEGINS = midnight(3);
const aPerson = fc.record({
  hour: fc.integer({ min: 0, max: 23 }),
  platform: fc.constantFrom('android' as const, 'ios' as const),
  onset: fc.integer({ min: 0, max: 28 }),
  age: fc.integer({ min: 0, max: 15 }),
});

const counted = (people: readonly Person[]): readonly HourTotals[] =>
  people.map(({ hour, platform, onset, age }) =>
    anHour(DAY_BEGINS + hour * HOUR, {
      [platform]: 1,
      keys: 14,
      onsetDays: zeros(30).map((_, n) => (n === onset ? 1 : 0)),
      oldestKeyDays: zeros(16).map((_, n) => (n === age ? 1 : 0)),
    }),
  );

type Rule = (hours: readonly HourTotals[], now: UnixMillis) => readonly DayTotals[];

const ours: Rule = (hours, now) => shownDays({ hours, foldedUntil: now }, now, RULES);
/** The rule of the reference server: any day with ten uploads in past hours, the present one too. */
const growing: Rule = (hours, now) =>
  daysOf(hours.filter(({ hour }) => hour + HOUR <= now)).filter(
    ({ day, android, ios }) => android + ios >= 10 || day + DAY + RULES.embargo < now,
  );

type Buckets = readonly number[];

/** What was counted between two answers. */
const gained = (after: Buckets = [], before: Buckets = []): Buckets =>
  after.map((count, n) => count - (before[n] ?? 0));

/** Whoever is alone between two answers about a day. */
function alone(after: DayTotals, before: DayTotals | undefined): readonly Omit<Person, 'hour'>[] {
  const onset = gained(after.onsetDays, before?.onsetDays);
  if (onset.reduce((sum, count) => sum + count, 0) !== 1) return [];
  const age = gained(after.oldestKeyDays, before?.oldestKeyDays).indexOf(1);
  const platform = after.ios > (before?.ios ?? 0) ? 'ios' : 'android';
  return [{ platform, onset: onset.indexOf(1), age }];
}

/** Asks after each hour until the embargo of the day ends, and reads whoever is alone between two answers. */
function readPeople(people: readonly Person[], rule: Rule): readonly Omit<Person, 'hour'>[] {
  const hours = counted(people);
  const read: Omit<Person, 'hour'>[] = [];
  let before: DayTotals | undefined;
  for (let n = 1; n <= 24 + 48; n += 1) {
    const [after] = rule(hours, unixMillis(DAY_BEGINS + n * HOUR));
    if (after !== undefined) read.push(...alone(after, before));
    before = after ?? before;
  }
  return read;
}

describe('somebody who subtracts one answer from the next', () => {
  const morning = Array.from({ length: 10 }, (_, n) => ({
    ...{ hour: n % 3, platform: 'ios' as const, onset: n, age: n },
  }));
  const afternoon: readonly Person[] = [
    { hour: 13, platform: 'android', onset: 6, age: 14 },
    { hour: 15, platform: 'ios', onset: 2, age: 3 },
    { hour: 23, platform: 'android', onset: 0, age: 9 },
  ];
  const people = [...morning, ...afternoon];

  it('reads every person of a quiet afternoon where a day is shown while it grows', () => {
    const truth = afternoon.map(({ hour: _, ...person }) => person);
    expect(readPeople(people, growing)).toEqual(truth);
  });

  it('reads nobody here', () => {
    expect(readPeople(people, ours)).toEqual([]);
  });

  it('finds each day the same in every answer from the first on, and no fewer than ten people in it', () => {
    fc.assert(
      fc.property(fc.array(aPerson, { maxLength: 40 }), (anybody) => {
        const answers = Array.from({ length: 72 }, (_, n) =>
          ours(counted(anybody), unixMillis(DAY_BEGINS + n * HOUR)),
        ).filter((answer) => answer.length > 0);
        for (const answer of answers) expect(answer).toEqual(answers[0]);
        expect(answers.length > 0).toBe(anybody.length >= 10);
      }),
      { numRuns: 30 },
    );
  });
});
