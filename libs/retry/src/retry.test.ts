import { seededRandom } from '@keyserver/random/testing';
import { manualTimers } from '@keyserver/time/testing';
import { type RetryPolicy, backOff, longestPause, retry } from './index.ts';

const PAUSES = { firstPauseMs: 100, longestPauseMs: 1_000 };

/** Something that fails a number of times and then succeeds, repeated with the longest pauses that chance can give. */
function repeating(failures: number, change: Partial<RetryPolicy> = {}) {
  const timers = manualTimers();
  const random = { ...seededRandom('retry'), below: (bound: number) => bound - 1 };
  const attempts: number[] = [];
  const policy = { ...PAUSES, attempts: 4, timers, random, mayHelp: () => true, ...change };
  const outcome = retry(policy, async (attempt) => {
    attempts.push(attempt);
    await Promise.resolve();
    if (attempt <= failures) throw new Error(`attempt ${attempt} failed`);
    return `attempt ${attempt} succeeded`;
  }).catch((error: unknown) => String(error));
  return { timers, attempts, outcome };
}

describe('the longest pause', () => {
  it.each([
    [1, 100],
    [2, 200],
    [4, 800],
    [5, 1_000],
    [2_000, 1_000],
  ])('after attempt %i is %i ms', (attempt, longest) => {
    expect(longestPause(PAUSES, attempt)).toBe(longest);
  });
});

describe('a pause', () => {
  it.each([
    ['shortest', () => 0, 1],
    ['longest', (bound: number) => bound - 1, 200],
  ])('that chance makes the %s is waited for', async (_name, below, ms) => {
    const timers = manualTimers();
    const random = { ...seededRandom('pause'), below };
    let over = false;
    void backOff({ timers, random }, PAUSES, { attempt: 2 }).then(() => {
      over = true;
    });
    await timers.advance(ms - 1);
    expect(over).toBe(false);
    await timers.advance(1);
    expect(over).toBe(true);
  });
});

describe('what is repeated', () => {
  it('gives what the first attempt gives that succeeds', async () => {
    const { timers, attempts, outcome } = repeating(0);
    expect(await outcome).toBe('attempt 1 succeeded');
    expect([attempts, timers.waiting]).toEqual([[1], 0]);
  });

  it('pauses longer after each attempt', async () => {
    const { timers, attempts, outcome } = repeating(2);
    await timers.advance(99);
    expect(attempts).toEqual([1]);
    await timers.advance(1);
    expect(attempts).toEqual([1, 2]);
    await timers.advance(199);
    expect(attempts).toEqual([1, 2]);
    await timers.advance(1);
    expect(await outcome).toBe('attempt 3 succeeded');
  });

  it('fails like its last attempt once the budget is used up', async () => {
    const { timers, attempts, outcome } = repeating(100);
    await timers.advance(10_000);
    expect(await outcome).toBe('Error: attempt 4 failed');
    expect([attempts, timers.waiting]).toEqual([[1, 2, 3, 4], 0]);
  });

  it('is not repeated when that would not help', async () => {
    const { timers, attempts, outcome } = repeating(100, { mayHelp: (_error, n) => n < 2 });
    await timers.advance(100);
    expect(await outcome).toBe('Error: attempt 2 failed');
    expect(attempts).toEqual([1, 2]);
  });

  it('is repeated at once after an error that asks for no pause', async () => {
    const { attempts, outcome } = repeating(2, { pausesAfter: () => false });
    expect(await outcome).toBe('attempt 3 succeeded');
    expect(attempts).toEqual([1, 2, 3]);
  });

  it('ends in the middle of a pause when it is called off', async () => {
    const stop = new AbortController();
    const { timers, attempts, outcome } = repeating(100, { signal: stop.signal });
    await timers.advance(50);
    stop.abort();
    expect(await outcome).toBe('Error: attempt 1 failed');
    expect([attempts, timers.waiting]).toEqual([[1], 0]);
  });

  it('begins no other attempt when it was called off during one', async () => {
    const { timers, attempts, outcome } = repeating(100, { signal: AbortSignal.abort() });
    expect(await outcome).toBe('Error: attempt 1 failed');
    expect([attempts, timers.waiting]).toEqual([[1], 0]);
  });
});
