import fc from 'fast-check';
import { DAY, HOUR, MINUTE, SECOND, unixMillis } from './interval.ts';
import {
  type WindowCalendar,
  alwaysWindow,
  windowLengthAt,
  windowStart,
  floorTo,
  windowLength,
} from './window.ts';

const length = (ms: number) => windowLength(ms)!;
const lengths = fc.constantFrom(10 * SECOND, 5 * MINUTE, HOUR, 4 * HOUR, DAY).map(length);
const instants = fc.integer({ min: 0, max: 10 * DAY }).map(unixMillis);
const calendars = fc
  .tuple(lengths, fc.array(lengths, { maxLength: 3 }))
  .map(([first, later]): WindowCalendar => [
    ...alwaysWindow(first),
    ...later.map((one, n) => ({ from: unixMillis((n + 1) * 2 * DAY), length: one })),
  ]);

describe('a calendar of windows', () => {
  it('changes the length at its instant', () => {
    const calendar: WindowCalendar = [
      ...alwaysWindow(length(HOUR)),
      { from: unixMillis(2 * HOUR), length: length(5 * MINUTE) },
    ];
    expect(windowLengthAt(calendar, unixMillis(2 * HOUR - 1))).toBe(HOUR);
    expect(windowStart(calendar, unixMillis(2 * HOUR - 1))).toBe(HOUR);
    expect(windowLengthAt(calendar, unixMillis(2 * HOUR))).toBe(5 * MINUTE);
    expect(windowStart(calendar, unixMillis(2 * HOUR + 6 * MINUTE))).toBe(2 * HOUR + 5 * MINUTE);
  });

  it('is plain rounding while the length never changes', () => {
    fc.assert(
      fc.property(lengths, instants, (of, t) => {
        expect(windowStart(alwaysWindow(of), t)).toBe(floorTo(t, of));
      }),
    );
  });

  it('never puts a later instant into an earlier window', () => {
    fc.assert(
      fc.property(calendars, instants, instants, (calendar, a, b) => {
        const [earlier, later] = [unixMillis(Math.min(a, b)), unixMillis(Math.max(a, b))];
        expect(windowStart(calendar, earlier)).toBeLessThanOrEqual(windowStart(calendar, later));
      }),
    );
  });
});
