import { setImmediate } from 'node:timers/promises';
import type { Timers } from '../timers.ts';

/** Timers that stand still until a test moves them. */
export interface ManualTimers extends Timers {
  /** Lets `ms` milliseconds pass, once what is under way had its turn: what is due runs in order, and so does what it starts. */
  advance(ms: number): Promise<void>;
  /** How many timers have yet to run. */
  readonly waiting: number;
}

/** Timers moved by hand. */
export function manualTimers(): ManualTimers {
  const timers = new Set<{ readonly at: number; readonly then: () => void }>();
  let now = 0;
  const next = (until: number) =>
    [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
  return {
    monotonic: () => now,
    after: (ms, then) => {
      const timer = { at: now + ms, then };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: async (ms) => {
      await setImmediate();
      const until = now + ms;
      for (let due = next(until); due !== undefined; due = next(until)) {
        timers.delete(due);
        now = due.at;
        due.then();
        await setImmediate();
      }
      now = until;
      await setImmediate();
    },
    get waiting() {
      return timers.size;
    },
  };
}
