import { HOUR, SECOND, unixMillis } from '@keyserver/time';
import { type QueryStanding, lagOf } from './sync-store.ts';

const NOW = unixMillis(Date.UTC(2026, 0, 15, 12));
const before = (ms: number) => unixMillis(NOW - ms);
const lag = (standing: Partial<QueryStanding>) =>
  lagOf(
    {
      ...{ state: undefined, begunAt: before(9 * HOUR), caughtUpAt: undefined, failures: 0 },
      ...{ notBefore: unixMillis(0), problem: undefined, ...standing },
    },
    NOW,
  );
const upTo = (ms: number): QueryStanding['state'] => {
  const at = { timestamp: (NOW - ms) / SECOND, token: '' };
  return { keys: at, revisions: at };
};

describe('how far a query is behind', () => {
  it('counts from the run that left nothing at the partner', () => {
    expect(lag({ caughtUpAt: before(HOUR), state: upTo(5 * HOUR) })).toBe(HOUR);
  });

  it('counts from what was delivered while that never happened, else from the first run', () => {
    expect(lag({ state: upTo(5 * HOUR) })).toBe(5 * HOUR);
    expect(lag({})).toBe(9 * HOUR);
  });

  it('is not hidden by a clock that was ahead', () => {
    expect(lag({ caughtUpAt: before(-HOUR), state: upTo(5 * HOUR) })).toBe(5 * HOUR);
  });

  it('is not hidden by a partner whose state is of a time to come', () => {
    expect(lag({ state: upTo(-HOUR) })).toBe(9 * HOUR);
  });

  it('is never less than nothing', () => {
    expect(lag({ state: upTo(-HOUR), begunAt: before(-HOUR) })).toBe(0);
  });
});
