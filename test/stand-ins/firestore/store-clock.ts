import type { Timestamp } from './value.ts';

/** Store time in microseconds since 1970, the finest step that Firestore keeps. */
export type Micros = number;

/** The times that the store hands out; they never go back, whatever the machine's clock does. */
export interface StoreClock {
  /** The moment of a read: it sees every commit so far and none of those to come. */
  read(): Micros;
  /** The moment of a commit: after every commit and every read so far. */
  commit(): Micros;
}

/** Store time over a clock in milliseconds. */
export function storeClock(now: () => number): StoreClock {
  let last: Micros = 0;
  const current = (): Micros => Math.floor(now() * 1000);
  return {
    read: () => (last = Math.max(last, current())),
    commit: () => (last = Math.max(last + 1, current())),
  };
}

/** A store time as it travels. */
export const toTimestamp = (at: Micros): Timestamp => ({
  seconds: String(Math.floor(at / 1_000_000)),
  nanos: (at % 1_000_000) * 1000,
});

/** A travelled time as store time; what is finer than a microsecond is dropped. */
export const fromTimestamp = (at: Timestamp): Micros =>
  Number(at.seconds) * 1_000_000 + Math.floor(at.nanos / 1000);
