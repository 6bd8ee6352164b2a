import fc from 'fast-check';
import {
  DAY,
  HOUR,
  INTERVAL,
  INTERVALS_PER_DAY,
  MINUTE,
  SECOND,
  clockOver,
  daysBetween,
  floorTo,
  intervalAt,
  intervalNumber,
  intervalStart,
  millisOf,
  secondsOf,
  simulatedClock,
  systemClock,
  unixMillis,
  unixSeconds,
  windowLength,
} from './index.ts';

const instants = fc.integer({ min: 0, max: 8_640_000_000_000_000 }).map(unixMillis);
const at = (text: string): ReturnType<typeof unixMillis> => unixMillis(Date.parse(text));

describe('interval arithmetic', () => {
  it('agrees with the published vector of 2021-05-04T10:17:00Z', () => {
    const now = at('2021-05-04T10:17:00Z');
    expect(secondsOf(now)).toBe(1_620_123_420);
    expect(intervalAt(now)).toBe(2_700_205);
    expect(intervalStart(intervalNumber(2_700_205))).toBe(at('2021-05-04T10:10:00Z'));
    expect(floorTo(now, HOUR)).toBe(at('2021-05-04T10:00:00Z'));
    expect(intervalAt(unixMillis(now - 360 * HOUR))).toBe(2_698_045);
    expect(intervalAt(floorTo(unixMillis(now - 28 * DAY), DAY))).toBe(2_696_112);
    expect(intervalAt(unixMillis(now - 4 * DAY))).toBe(2_699_629);
    expect(intervalAt(floorTo(now, DAY))).toBe(2_700_144);
  });

  it('puts every instant into the interval that holds it', () => {
    fc.assert(
      fc.property(instants, (t) => {
        const start = intervalStart(intervalAt(t));
        expect(start).toBeLessThanOrEqual(t);
        expect(t - start).toBeLessThan(INTERVAL);
      }),
    );
  });

  it('starts a UTC day at every multiple of 144', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), (day) => {
        const midnight = intervalStart(intervalNumber(day * INTERVALS_PER_DAY));
        expect(new Date(midnight).toISOString()).toMatch(/T00:00:00\.000Z$/);
      }),
    );
  });

  it.each([
    [2_699_855, 2_700_144, 3],
    [2_699_712, 2_698_704, -7],
    [2_698_128, 2_700_143, 13],
    [2_700_144, 2_697_984, -15],
  ])('counts the UTC days from interval %d to %d as %d', (from, to, days) => {
    expect(daysBetween(from, to)).toBe(days);
  });

  it.each([-1, 0.5, Number.NaN, Infinity])('refuses %d as an interval number', (n) => {
    expect(() => intervalNumber(n)).toThrow(RangeError);
  });
});

describe('instants', () => {
  it.each([-1, 1.5, 2 ** 53, Number.NaN])('refuses %d as a time', (n) => {
    expect(() => unixMillis(n)).toThrow(RangeError);
    expect(() => unixSeconds(n)).toThrow(RangeError);
  });

  it('rounds down to the whole second', () => {
    expect(secondsOf(unixMillis(1999))).toBe(1);
    expect(millisOf(unixSeconds(1))).toBe(1000);
  });
});

describe('reporting windows', () => {
  it.each([SECOND, 10 * SECOND, 5 * MINUTE, HOUR, 4 * HOUR, DAY])('takes %d ms', (ms) => {
    expect(windowLength(ms)).toBe(ms);
  });

  it.each([0, 500, 1500, 7 * SECOND, 7 * HOUR, 2 * DAY, -HOUR])(
    'refuses %d ms, which is no whole part of a day',
    (ms) => {
      expect(windowLength(ms)).toBeUndefined();
    },
  );

  it('rounds an instant down to a window that holds it', () => {
    const lengths = fc.constantFrom(SECOND, MINUTE, HOUR, 4 * HOUR, DAY);
    fc.assert(
      fc.property(instants, lengths, (t, length) => {
        const start = floorTo(t, length);
        expect(start % length).toBe(0);
        expect(t - start).toBeLessThan(length);
        expect(start).toBeLessThanOrEqual(t);
      }),
    );
  });
});

describe('clocks', () => {
  it('shows the time of the machine', () => {
    const before = Date.now();
    const shown = systemClock.now();
    expect(shown).toBeGreaterThanOrEqual(before);
    expect(shown).toBeLessThanOrEqual(Date.now());
  });

  it('stands still until it is moved, and is the same for all who share its memory', () => {
    const clock = simulatedClock(unixMillis(1000));
    const elsewhere = clockOver(clock.memory);
    expect(clock.now()).toBe(1000);
    clock.advance(500);
    expect(elsewhere.now()).toBe(1500);
    clock.set(unixMillis(7));
    expect(elsewhere.now()).toBe(7);
  });
});
