import { setImmediate } from 'node:timers/promises';
import type { Timers } from '../timers.ts';

/** Timers that stand still until they are moved. */
export interface ManualTimers extends Timers {
  /** Lets `ms` milliseconds pass: what is due runs in order, and what it starts gets its turn. */
  advance(ms: number): Promise<void>;
  /** How many timers have yet to run. */
  readonly waiting: number;
}

/** Timers moved by hand. Tests only. */
export function manualTimers(): ManualTimers {
  const timers = new Set<{ readonly at: number; readonly then: () => void }>();
  let now = 0;
  const next = (until: number) =>
    [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
  return {
    after: (ms, then) => {
      const timer = { at: now + ms, then };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: async (ms) => {
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
