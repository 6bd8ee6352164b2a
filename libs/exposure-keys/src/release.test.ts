import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  type WindowCalendar,
  floorTo,
  intervalAt,
  intervalNumber,
  intervalStart,
  unixMillis,
  alwaysWindow,
  windowLength,
  windowStart,
} from '@keyserver/time';
import fc from 'fast-check';
import { releaseSpan, releaseWindow } from './release.ts';

const window = (ms: number): WindowCalendar => {
  const length = windowLength(ms);
  if (length === undefined) throw new RangeError('not a window');
  return alwaysWindow(length);
};
const at = (text: string) => unixMillis(Date.parse(`2021-05-0${text}Z`));
const now = at('4T10:17:00');

const lengths = fc.constantFrom(
  ...[SECOND, 45 * SECOND, 4 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY],
);
const windows = lengths.map(window);
const instants = fc.integer({ min: DAY, max: 4e12 }).map(unixMillis);
const ends = fc.integer({ min: 1, max: 6e6 });

describe('the release of a key', () => {
  it.each([
    [2_700_000 + 144, '4T10:00:00'],
    [2_700_205, '4T10:00:00'],
    [2_700_206, '4T11:00:00'],
    [2_700_144 + 144, '5T01:00:00'],
    [2_700_134 + 144, '4T23:00:00'],
    [2_697_901 + 144, '4T10:00:00'],
    [2_698_045, '4T10:00:00'],
  ])('lets a key that ends at interval %d leave in the window of 2021-05-0%s', (end, released) => {
    expect(releaseWindow(end, now, window(HOUR))).toBe(at(released));
  });

  it('never lies before the window of now, and never before the end of the key', () => {
    fc.assert(
      fc.property(ends, instants, windows, (end, t, calendar) => {
        const released = releaseWindow(end, t, calendar);
        expect(released % calendar[0].length).toBe(0);
        expect(released).toBeGreaterThanOrEqual(windowStart(calendar, t));
        // The window of an ended key has begun before; that of a valid key begins only after its end.
        if (end > intervalAt(t))
          expect(released).toBeGreaterThan(intervalStart(intervalNumber(end)));
      }),
    );
  });

  it('is one window for all instants of a release span', () => {
    fc.assert(
      fc.property(instants, windows, fc.integer({ min: -3, max: 150 }), (t, calendar, ahead) => {
        const end = intervalAt(t) + ahead;
        const floored = floorTo(t, releaseSpan(calendar));
        expect(releaseWindow(end, t, calendar)).toBe(releaseWindow(end, floored, calendar));
      }),
    );
  });

  it.each([
    [HOUR, 10 * MINUTE],
    [15 * MINUTE, 5 * MINUTE],
    [4 * MINUTE, 2 * MINUTE],
    [45 * SECOND, 15 * SECOND],
    [SECOND, SECOND],
    [DAY, 10 * MINUTE],
  ])('depends with windows of %d ms on time in spans of %d ms', (length, span) => {
    expect(releaseSpan(window(length))).toBe(span);
  });

  it.each([NaN, 0.5, 2_700_205.5])('throws for the end %d, which no stored key has', (end) => {
    expect(() => releaseWindow(end, unixMillis(0), window(HOUR))).toThrow(RangeError);
  });
});
