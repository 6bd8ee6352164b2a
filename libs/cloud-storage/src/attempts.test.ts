import { type ManualTimers, manualTimers } from '@keyserver/jobs/testing';
import { seededRandom } from '@keyserver/random/testing';
import { pauseBefore } from './attempts.ts';

const PATIENCE = { callMillis: 1000, contentMillis: 1000, attempts: 5, pauseMillis: 500 };

/** A pause before an attempt, with the longest or the shortest draw, and whether it has ended. */
function pausing(
  attempt: number,
  below: (bound: number) => number,
): { readonly timers: ManualTimers; readonly ended: () => boolean } {
  const timers = manualTimers();
  let ended = false;
  const ambient = { random: { ...seededRandom('pause'), below }, timers, patience: PATIENCE };
  void pauseBefore(attempt, ambient).then(() => {
    ended = true;
  });
  return { timers, ended: () => ended };
}

describe('a pause between two requests to Cloud Storage', () => {
  it.each([
    [1, 500],
    [2, 1000],
    [5, 8000],
    [6, 10_000],
    [60, 10_000],
  ])('before attempt %i is at most %i ms, and is waited for', async (attempt, longest) => {
    const { timers, ended } = pausing(attempt, (bound) => bound - 1);
    await timers.advance(longest - 1);
    expect(ended()).toBe(false);
    await timers.advance(1);
    expect(ended()).toBe(true);
  });

  it('waits even when chance gives nothing', async () => {
    const { timers, ended } = pausing(1, () => 0);
    await timers.advance(0);
    expect(ended()).toBe(false);
    await timers.advance(1);
    expect(ended()).toBe(true);
  });
});
