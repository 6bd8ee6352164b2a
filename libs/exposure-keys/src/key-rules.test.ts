import { DAY, INTERVAL, SECOND } from '@keyserver/time';
import {
  KEY_AGE_HOURS,
  KEY_RETENTION_HOURS,
  ONSET_DISTANCE_DAYS,
  earliestEnd,
  earliestReleasedEnd,
} from './key-rules.ts';

const NOON = Date.UTC(2026, 0, 15, 12);
const HOURS = 15 * 24;

it('takes a key that ended as long ago as is allowed, in whole intervals', () => {
  expect(earliestEnd(NOON, 15 * DAY)).toBe((NOON - 15 * DAY) / INTERVAL);
  expect(earliestEnd(NOON + INTERVAL - 1, 15 * DAY)).toBe((NOON - 15 * DAY) / INTERVAL);
  expect(earliestEnd(NOON + INTERVAL, 15 * DAY)).toBe((NOON - 15 * DAY) / INTERVAL + 1);
});

describe('an operator may choose', () => {
  const days = (count: number): number => count * 24;

  it('to take keys for one day to thirty after their end; usual are fifteen', () => {
    expect(KEY_AGE_HOURS).toEqual({ min: days(1), max: days(30), default: days(15) });
  });

  it('to keep keys for ten days to thirty after their release; usual are fourteen', () => {
    expect(KEY_RETENTION_HOURS).toEqual({ min: days(10), max: days(30), default: days(14) });
  });

  it('that keys lie at most one day to fourteen from symptom onset; usual are fourteen', () => {
    expect(ONSET_DISTANCE_DAYS).toEqual({ min: 1, max: 14, default: 14 });
  });
});

describe('a key in a released file', () => {
  const limit = (NOON - 360 * SECOND - 15 * DAY) / INTERVAL;

  it('may have been checked six minutes before its window began', () => {
    const bounds = { maxAgeHours: HOURS, recalled: false };
    expect(earliestReleasedEnd(NOON, bounds)).toBe(Math.floor(limit));
  });

  it('may have been checked six minutes before, to the millisecond', () => {
    const bounds = { maxAgeHours: HOURS, recalled: false };
    const whole = (NOON - 15 * DAY) / INTERVAL;
    expect(earliestReleasedEnd(NOON + 360 * SECOND, bounds)).toBe(whole);
    expect(earliestReleasedEnd(NOON + 360 * SECOND - 1, bounds)).toBe(whole - 1);
  });

  it('may have been recalled for as long as it is stored', () => {
    const bounds = { maxAgeHours: HOURS, recalled: true };
    expect(earliestReleasedEnd(NOON, bounds)).toBe(Math.floor(limit - (30 * DAY) / INTERVAL));
  });
});
