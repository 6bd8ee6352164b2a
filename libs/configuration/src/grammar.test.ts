import { unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { formatDuration, formatTime, parseDuration, parseTime } from './grammar.ts';

const END_OF_9999 = 253_402_300_799_999;

describe('parseTime', () => {
  it('reads back every time that formatTime writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: END_OF_9999 }), (t) => {
        expect(parseTime(formatTime(unixMillis(t)))).toBe(t);
      }),
    );
  });

  it.each([
    ['2024-05-01T00:00:00Z', 1714521600000],
    ['2024-05-01T00:00:00.5Z', 1714521600500],
    ['2024-02-29T23:59:59Z', 1709251199000],
  ])('reads %s', (text, t) => {
    expect(parseTime(text)).toBe(t);
  });

  it.each([
    '2023-02-29T00:00:00Z',
    '2024-05-01T24:00:00Z',
    '2024-05-01T00:00:60Z',
    '2024-13-01T00:00:00Z',
    '2024-05-01T00:00:00',
    '2024-05-01 00:00:00Z',
    '2024-05-01T00:00:00z',
    '2024-05-01T00:00:00.0001Z',
    '2024-05-01T00:00:00+00:00',
    '+02024-05-01T00:00:00Z',
    ' 2024-05-01T00:00:00Z',
    '1714521600',
    '',
  ])('refuses %j', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});

describe('parseDuration', () => {
  it.each([
    ['24h', 86_400_000],
    ['15m', 900_000],
    ['30s', 30_000],
    ['90m', 5_400_000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', 'h', '0s', '01h', '1.5h', '-1h', '1d', '1h30m', '1 h', '1H', '1000000s'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it('reads back every whole number of seconds that formatDuration writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });

  it.each([
    [86_400_000, '24h'],
    [5_400_000, '90m'],
    [30_000, '30s'],
  ])('writes %d in the largest unit', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
