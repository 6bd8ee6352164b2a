import { seededRandom } from '@keyserver/random/testing';
import { type ManualTimers, manualTimers } from '@keyserver/time/testing';
import { type AnswerPace, TICK, answerPace } from './answer-pace.ts';

let timers: ManualTimers;
let pace: AnswerPace;
let left: { readonly who: string; readonly at: number }[];
let waitedOut: number[];

beforeEach(() => {
  timers = manualTimers();
  waitedOut = [];
  const waitOut = (until: number): void => {
    waitedOut.push(until - timers.monotonic());
  };
  pace = answerPace({ timers, random: seededRandom('pace'), waitOut });
  left = [];
});

const answer = (who: string, due: number): void => {
  void pace.until(due).then(() => left.push({ who, at: timers.monotonic() }));
};

describe('answers', () => {
  it('leave on the first tick at which they are due, however long they waited', async () => {
    answer('at once', 0);
    answer('soon', 1);
    answer('on a tick', 2 * TICK);
    answer('after it', 2 * TICK + 0.5);
    await timers.advance(10 * TICK);
    expect(left.map(({ who, at }) => [who, at / TICK])).toEqual([
      ['at once', 1],
      ['soon', 1],
      ['on a tick', 2],
      ['after it', 3],
    ]);
  });

  it('leave on ticks that one timer makes, whoever waits', async () => {
    for (let n = 0; n < 100; n++) answer('one', n);
    expect(timers.waiting).toBe(1);
    await timers.advance(100);
    expect(left).toHaveLength(100);
    expect(left.every(({ at }) => at % TICK === 0)).toBe(true);
  });

  it('leave a tick in random order, so that those that were ready early do not come first', async () => {
    const firsts = new Set<string>();
    for (let n = 0; n < 30; n++) {
      left = [];
      const due = timers.monotonic() + 1;
      for (const who of ['a', 'b', 'c']) answer(who, due);
      await timers.advance(TICK);
      firsts.add(left[0]?.who ?? '');
    }
    expect([...firsts].sort()).toEqual(['a', 'b', 'c']);
  });

  it('leave so long after a tick as its timer may be late, but not in a rush', async () => {
    answer('alone', 1);
    await timers.advance(2 * TICK);
    expect(waitedOut).toEqual([2]);
    for (let n = 0; n < 8; n++) answer('one of many', timers.monotonic() + 1);
    await timers.advance(TICK);
    expect(waitedOut).toHaveLength(2);
    answer('in a rush', timers.monotonic() + 1);
    await timers.advance(TICK);
    expect(left).toHaveLength(10);
    expect(waitedOut).toHaveLength(2);
    await timers.advance(3 * TICK);
    answer('alone again', timers.monotonic() + 1);
    await timers.advance(TICK);
    expect(waitedOut).toHaveLength(3);
  });

  it('need no timer while nobody is here', async () => {
    const leave = pace.enter();
    expect(timers.waiting).toBe(1);
    await timers.advance(100 * TICK);
    expect(timers.waiting).toBe(1);
    leave();
    await timers.advance(TICK);
    expect(timers.waiting).toBe(0);
  });
});
