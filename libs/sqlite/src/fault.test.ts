import { machine } from '../../../test/support/machine.ts';
import { patiently, storeFaultOf } from './fault.ts';

const SQLITE_BUSY = 5;
const sqliteError = (errcode: number): Error => Object.assign(new Error('locked'), { errcode });

/** Work that fails so often before it succeeds, and how often it was begun. */
const failing = (times: number, error: Error) => {
  const work = {
    begun: 0,
    run: () => {
      if (work.begun++ < times) throw error;
      return 'done';
    },
  };
  return work;
};

describe('patience with another process', () => {
  it('ends with the first try that succeeds', () => {
    const work = failing(3, sqliteError(SQLITE_BUSY));
    expect(patiently(machine.timers, work.run)).toBe('done');
    expect(work.begun).toBe(4);
  });

  it('ends when ten seconds have passed', () => {
    const times = [0, 10_000, 10_001];
    const work = failing(10, sqliteError(SQLITE_BUSY));
    expect(() => patiently({ monotonic: () => times.shift() ?? 0 }, work.run)).toThrow('locked');
    expect(work.begun).toBe(2);
  });

  it('has none with other errors', () => {
    const SQLITE_FULL = 13;
    const work = failing(10, sqliteError(SQLITE_FULL));
    expect(() => patiently(machine.timers, work.run)).toThrow('locked');
    expect(work.begun).toBe(1);
  });
});

// https://www.sqlite.org/rescode.html
it.each([
  [1, 'SQLITE_ERROR', 'damaged'],
  [3, 'SQLITE_PERM', 'unavailable'],
  [5, 'SQLITE_BUSY', 'contended'],
  [6, 'SQLITE_LOCKED', 'contended'],
  [7, 'SQLITE_NOMEM', 'unavailable'],
  [8, 'SQLITE_READONLY', 'unavailable'],
  [10, 'SQLITE_IOERR', 'unavailable'],
  [11, 'SQLITE_CORRUPT', 'damaged'],
  [13, 'SQLITE_FULL', 'full'],
  [14, 'SQLITE_CANTOPEN', 'unavailable'],
  [19, 'SQLITE_CONSTRAINT', 'damaged'],
  [26, 'SQLITE_NOTADB', 'damaged'],
] as const)('names the result code %d %s, and calls the store %s', (number, code, reason) => {
  const extended = number + 256;
  const fault = storeFaultOf(sqliteError(extended));
  expect(fault).toMatchObject({ code: reason, details: { code, number: extended } });
});
