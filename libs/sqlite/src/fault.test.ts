import { machine } from '../../../test/support/machine.ts';
import { patiently } from './fault.ts';

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
