import type { Timers } from '@keyserver/jobs';
import type { Random } from '@keyserver/random';

/** Waits before another round against other workers, longer and less predictably with every round. */
export type Pause = (round: number, signal: AbortSignal) => Promise<void>;

const FIRST = 20;
const LONGEST = 2000;

/** Pauses of random length, so that workers that collided do not collide again. An aborted signal ends them. */
export const jitteredPause =
  (random: Random, timers: Timers): Pause =>
  async (round, signal) => {
    if (signal.aborted) return;
    const longest = Math.min(LONGEST, FIRST * 2 ** Math.min(round, 10));
    const ms = 1 + random.below(longest);
    await new Promise<void>((resolve) => {
      const cancel = timers.after(ms, resolve);
      signal.addEventListener(
        'abort',
        () => {
          cancel();
          resolve();
        },
        { once: true },
      );
    });
  };
