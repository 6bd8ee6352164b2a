import { MINUTE, SECOND, systemTimers } from '@keyserver/time';
import { callRates } from './rate-limit.ts';

/** Calls of partners at instants that the test says. */
function rates() {
  let now = 5;
  const admit = callRates({ ...systemTimers, monotonic: () => now });
  const call = (callsPerMinute = 3, id = 'a') => admit({ id, callsPerMinute });
  return {
    call,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('a partner', () => {
  it('makes the calls of a minute at once, and then one each time that it has earned one', () => {
    const { call, pass } = rates();
    expect([call(), call(), call()]).toEqual([0, 0, 0]);
    expect(call()).toBe(20 * SECOND);
    pass(5 * SECOND);
    expect(call()).toBe(15 * SECOND);
    pass(15 * SECOND);
    expect([call(), call()]).toEqual([0, 20 * SECOND]);
  });

  it('does not save up more than a minute has', () => {
    const { call, pass } = rates();
    call();
    pass(60 * MINUTE);
    expect([call(), call(), call()]).toEqual([0, 0, 0]);
    expect(call()).toBeGreaterThan(0);
  });

  it('is not kept waiting by another', () => {
    const { call } = rates();
    expect([call(1, 'a'), call(1, 'b')]).toEqual([0, 0]);
    expect(call(1, 'a')).toBe(MINUTE);
  });

  it('is bound by what it is configured to at the moment', () => {
    const { call } = rates();
    expect(call(1)).toBe(0);
    expect(call(1)).toBe(MINUTE);
    expect(call(60)).toBe(SECOND);
  });
});
