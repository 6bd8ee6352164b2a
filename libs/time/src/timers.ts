import { setImmediate as turn } from 'node:timers/promises';

/** Ends a timer; once it has run or was cancelled, nothing happens. */
export type Cancel = () => void;

/** How a timer is kept. One that is `unref` keeps no process alive that has nothing else to do. */
export interface TimerOptions {
  readonly unref?: boolean;
}

/** Runs things later, and tells how time passes for them. An argument, so that tests need not wait. */
export interface Timers {
  /**
   * Milliseconds, with fractions, since some moment in the past: what timers go by, while the time of day may be set. Only
   * differences tell anything.
   */
  monotonic(): number;
  /** Runs `then` once after `ms` milliseconds, unless it is cancelled. */
  after(ms: number, then: () => void, options?: TimerOptions): Cancel;
}

/** The machine's timers. */
export const systemTimers: Timers = {
  monotonic: () => performance.now(),
  after: (ms, then, { unref = false } = {}) => {
    const timer = setTimeout(then, ms);
    if (unref) timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

/**
 * Does nothing else in this thread until these timers tell `until`, ms. By the machine's own clock, since another may stand
 * still meanwhile.
 */
export function blockUntil(timers: Timers, until: number): void {
  const ends = performance.now() + until - timers.monotonic();
  while (performance.now() < ends);
}

/** Runs `then` every `ms` milliseconds, counted from the end of the run before, until it is cancelled. */
export function every(
  timers: Timers,
  ms: number,
  then: () => void,
  options: TimerOptions = {},
): Cancel {
  let isCancelled = false;
  let cancel = timers.after(ms, run, options);
  function run(): void {
    then();
    if (!isCancelled) cancel = timers.after(ms, run, options);
  }
  return () => {
    isCancelled = true;
    cancel();
  };
}

/** Waits for `ms` milliseconds; rejects with the signal's reason as soon as that is aborted. */
export async function sleep(
  timers: Timers,
  ms: number,
  { signal, ...options }: TimerOptions & { readonly signal?: AbortSignal } = {},
): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve) => {
    const end = (): void => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = timers.after(ms, end, options);
    signal?.addEventListener('abort', end, { once: true });
  });
  signal?.throwIfAborted();
}

/** Lets everything else that waits in this thread have its turn, so that long work does not hold up answers. */
export async function nextTurn(): Promise<void> {
  await turn();
}
