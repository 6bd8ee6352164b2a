import type { Timers } from '@keyserver/time';

/** The time of one call. */
export interface CallTime {
  /** Whether the call must end: its time is up, its caller has gone, or the service ends. Also true between two turns of the loop. */
  readonly isOver: () => boolean;
  /** What some work gives, or `over` when the call has to end before. The work goes on: others may wait for it. */
  readonly within: <T extends object>(work: Promise<T>) => Promise<T | 'over'>;
  /** Ends the time of the call at once. */
  readonly end: () => void;
}

/** Starts the time of a call. Whoever starts it ends it. */
export function callTime(timers: Timers, ms: number): CallTime {
  const until = timers.monotonic() + ms;
  let ended = false;
  let tell: (over: 'over') => void = () => undefined;
  const over = new Promise<'over'>((resolve) => {
    tell = resolve;
  });
  const end = (): void => {
    ended = true;
    cancel();
    tell('over');
  };
  const cancel = timers.after(Math.max(0, ms), end);
  return {
    isOver: () => ended || timers.monotonic() >= until,
    within: async (work) => await Promise.race([work, over]),
    end,
  };
}
