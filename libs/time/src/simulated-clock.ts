import type { Clock } from './clock.ts';
import { type UnixMillis, unixMillis } from './instant.ts';

/** A clock that stands still until it is moved. It lives in shared memory, so that worker threads see the same time. */
export interface SimulatedClock extends Clock {
  readonly memory: SharedArrayBuffer;
  set(t: UnixMillis): void;
  advance(ms: number): void;
}

/** A simulated clock that shows `start`. */
export function simulatedClock(start: UnixMillis): SimulatedClock {
  const memory = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
  const cell = new BigInt64Array(memory);
  const set = (t: UnixMillis): void => {
    Atomics.store(cell, 0, BigInt(t));
  };
  const clock = clockOver(memory);
  set(start);
  return {
    ...clock,
    memory,
    set,
    advance: (ms) => {
      set(unixMillis(clock.now() + ms));
    },
  };
}

/** The clock that shares the memory of a simulated clock, for use in another thread. */
export function clockOver(memory: SharedArrayBuffer): Clock {
  const cell = new BigInt64Array(memory);
  return { now: () => unixMillis(Number(Atomics.load(cell, 0))) };
}
