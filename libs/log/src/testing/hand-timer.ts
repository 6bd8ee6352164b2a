import type { Later } from '../later.ts';

/** A timer that a test moves on. */
export interface HandTimer {
  readonly later: Later;
  /** Lets time pass: what falls due runs in its order, also what is asked for meanwhile. */
  pass(ms: number): void;
}

/** A timer that stands still until a test lets time pass. */
export function handTimer(): HandTimer {
  let now = 0;
  const waiting = new Set<{ readonly at: number; readonly then: () => void }>();
  const next = (until: number) =>
    [...waiting].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0];
  return {
    later: (ms, then) => {
      const entry = { at: now + ms, then };
      waiting.add(entry);
      return () => waiting.delete(entry);
    },
    pass: (ms) => {
      const until = now + ms;
      for (let due = next(until); due !== undefined; due = next(until)) {
        waiting.delete(due);
        now = due.at;
        due.then();
      }
      now = until;
    },
  };
}
