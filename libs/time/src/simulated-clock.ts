import type { ReadClocks, Clock } from './clock.ts';
import { type UnixMillis, unixMillis } from './interval.ts';

/**
 * A clock that stands still until it is moved. It lives in shared memory, so that worker threads see the same time. `set` and
 * `advance` let time pass; `jump` and `reboot` are what can go wrong with the clock of a machine.
 */
export interface SimulatedClock extends Clock {
  readonly memory: SharedArrayBuffer;
  set(t: UnixMillis): void;
  advance(ms: number): void;
  /** Somebody sets the clock by so much; no time passes. */
  jump(ms: number): void;
  /** The machine is switched off for so long. */
  reboot(offMs: number): void;
}

// Where the clock's parts lie in its memory.
const WALL = 0;
const UPTIME = 1;
const BOOT = 2;
const PARTS = 3;

/** A simulated clock that shows `start`. */
export function simulatedClock(start: UnixMillis): SimulatedClock {
  const memory = new SharedArrayBuffer(PARTS * BigInt64Array.BYTES_PER_ELEMENT);
  const cells = new BigInt64Array(memory);
  const clock = clockOver(memory);
  const setWall = (t: UnixMillis): void => {
    Atomics.store(cells, WALL, BigInt(t));
  };
  const set = (t: UnixMillis): void => {
    Atomics.add(cells, UPTIME, BigInt(Math.max(0, t - clock.now())));
    setWall(t);
  };
  set(start);
  return {
    ...clock,
    memory,
    set,
    advance: (ms) => {
      set(unixMillis(clock.now() + ms));
    },
    jump: (ms) => {
      setWall(unixMillis(clock.now() + ms));
    },
    reboot: (offMs) => {
      setWall(unixMillis(clock.now() + offMs));
      Atomics.store(cells, UPTIME, 0n);
      Atomics.add(cells, BOOT, 1n);
    },
  };
}

/** The clock that shares the memory of a simulated clock, for use in another thread. */
export function clockOver(memory: SharedArrayBuffer): Clock {
  const cells = new BigInt64Array(memory);
  return { now: () => unixMillis(Number(Atomics.load(cells, WALL))) };
}

/** All that the clocks of a simulated machine show, for use in another thread. */
export function clocksOver(memory: SharedArrayBuffer): ReadClocks {
  const cells = new BigInt64Array(memory);
  const part = (at: number): number => Number(Atomics.load(cells, at));
  return () => ({
    wall: unixMillis(part(WALL)),
    uptime: part(UPTIME),
    boot: `simulated ${String(part(BOOT))}`,
  });
}
