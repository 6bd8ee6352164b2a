/** Runs `then` once after `ms` milliseconds; the answer cancels it. An argument, so that tests need not wait. */
export type Later = (ms: number, then: () => void) => () => void;

/** The machine's timer; it keeps no process alive that has nothing else to do. */
export const later: Later = (ms, then) => {
  const timer = setTimeout(then, ms).unref();
  return () => {
    clearTimeout(timer);
  };
};
