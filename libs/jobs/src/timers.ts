/** Runs something later. An argument, so that tests need not wait. */
export interface Timers {
  /** Runs `then` once after `ms` milliseconds; the answer cancels it. */
  after(ms: number, then: () => void): () => void;
}

/** The machine's timers. */
export const systemTimers: Timers = {
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};
