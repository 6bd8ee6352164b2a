import { counted, table, timeText } from './render.ts';

describe('table', () => {
  it('aligns columns to their widest cell and trims the ends', () => {
    expect(
      table(
        ['A', 'LONG', ''],
        [
          ['xx', '1', '#'],
          ['y', '22', ''],
        ],
      ),
    ).toBe('A   LONG\nxx  1     #\ny   22\n');
  });

  it('leaves cells empty that a row lacks, and ignores those without a heading', () => {
    expect(table(['A', 'B'], [['x'], ['y', 'z', 'more']])).toBe('A  B\nx\ny  z  more\n');
  });
});

it('counts one key and several keys', () => {
  expect([counted(0, 'key'), counted(1, 'key'), counted(2, 'key')]).toEqual([
    '0 keys',
    '1 key',
    '2 keys',
  ]);
});

it.each([
  [0, '1970-01-01T00:00:00Z'],
  [253_402_300_799, '9999-12-31T23:59:59Z'],
  [253_402_300_800, '-'],
  [-1, '-'],
  [undefined, '-'],
])('shows the second %p of a file as %s', (seconds, text) => {
  expect(timeText(seconds)).toBe(text);
});
