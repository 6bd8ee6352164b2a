import { manualTimers } from '@keyserver/time/testing';
import { seededRandom } from '@keyserver/random/testing';
import { jitteredPause } from './pause.ts';

describe('jitteredPause', () => {
  it('ends after a time that has a bound in every round', async () => {
    const timers = manualTimers();
    const pause = jitteredPause({ random: seededRandom('pause'), timers });
    let ended = 0;
    for (const round of [0, 1, 50])
      void pause(round, new AbortController().signal).then(() => (ended += 1));
    await timers.advance(2000);
    expect(ended).toBe(3);
  });

  it('waits, even in the first round', async () => {
    const timers = manualTimers();
    const pause = jitteredPause({ random: seededRandom('pause'), timers });
    let ended = 0;
    for (const round of [0, 1, 50])
      void pause(round, new AbortController().signal).then(() => (ended += 1));
    await timers.advance(0);
    expect([ended, timers.waiting]).toEqual([0, 3]);
  });

  it('ends at once when the work is called off', async () => {
    const timers = manualTimers();
    const stop = new AbortController();
    const pausing = jitteredPause({ random: seededRandom('pause'), timers })(20, stop.signal);
    stop.abort();
    await pausing;
    expect(timers.waiting).toBe(0);
  });

  it('does not begin when the work was called off before', async () => {
    const timers = manualTimers();
    await jitteredPause({ random: seededRandom('pause'), timers })(20, AbortSignal.abort());
    expect(timers.waiting).toBe(0);
  });
});
