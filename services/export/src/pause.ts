import { type PauseSource, backOff } from '@keyserver/retry';

/** Waits before another round against other workers, longer and less predictably with every round. */
export type Pause = (round: number, signal: AbortSignal) => Promise<void>;

const PAUSES = { firstPauseMs: 20, longestPauseMs: 2000 };

/** Pauses of random length, so that workers that collided do not collide again. An aborted signal ends them. */
export const jitteredPause =
  (source: PauseSource): Pause =>
  async (round, signal) => {
    await backOff(source, PAUSES, { attempt: round + 1, signal }).catch(ignoreEnd);
  };

// Whoever waited looks at the signal next.
const ignoreEnd = (): void => undefined;
