import type { Timers } from '@keyserver/jobs';
import type { Random } from '@keyserver/random';
import { Garbled, isRefusal, isTransient } from './kms-fault.ts';

/** Asks Cloud KMS until it answers, a few times at most and never beyond the deadline. */
export type Ask = <T>(attempt: (timeoutMs: number) => Promise<T>) => Promise<T>;

/** How long an answer is waited for, all attempts together. */
interface Patience {
  readonly deadlineMs: number;
  readonly timers: Timers;
  readonly random: Random;
}

/** Questions to Cloud KMS, and their end: no attempt begins any more, and those under way get a moment to be answered. */
export interface Questions {
  readonly ask: Ask;
  readonly end: () => Promise<void>;
}

const ATTEMPTS = 4;
/** A signature takes a tenth of a second; what takes so long had better be asked again, by a new connection. */
const LONGEST_ATTEMPT_MS = 3_000;
const FIRST_PAUSE_MS = 250;
/** A process that is told to end has few seconds in all, while an attempt that nothing answers goes on for longer. */
const LAST_MOMENT_MS = 1_000;

/** The deadline passed while nothing answered; told like the time-out of a call. */
class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
  readonly code = 4;
}

/** Repeats what may succeed when repeated: nothing that is asked for here changes anything. */
export function askWithin(patience: Patience): Questions {
  const { deadlineMs, timers } = patience;
  const pending = new Map<Promise<unknown>, { over: boolean }>();
  return {
    ask: async (attempt) => {
      const state = { over: false };
      const answer = repeat(patience, attempt, state);
      const forget = (): boolean => pending.delete(answer);
      pending.set(answer, state);
      answer.then(forget, forget);
      let cancel = (): void => undefined;
      const deadline = new Promise<never>((_, reject) => {
        cancel = timers.after(deadlineMs, () => {
          state.over = true;
          reject(new DeadlinePassed(`no answer within ${deadlineMs} ms`));
        });
      });
      return await Promise.race([answer, deadline]).finally(cancel);
    },
    end: async () => {
      for (const state of pending.values()) state.over = true;
      let cancel = (): void => undefined;
      const moment = new Promise<void>((resolve) => {
        cancel = timers.after(LAST_MOMENT_MS, resolve);
      });
      await Promise.race([Promise.allSettled(pending.keys()), moment]).finally(cancel);
    },
  };
}

async function repeat<T>(
  patience: Patience,
  attempt: (timeoutMs: number) => Promise<T>,
  state: { readonly over: boolean },
): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt(Math.min(LONGEST_ATTEMPT_MS, Math.ceil(patience.deadlineMs / ATTEMPTS)));
    } catch (error) {
      if (state.over || n === ATTEMPTS || !isWorthwhile(error, n)) throw error;
      if (isTransient(error)) await pause(patience, n);
      if (hasPassed(state)) throw error;
    }
  }
}

/** A question of its own, since the pause before it took time. */
const hasPassed = ({ over }: { readonly over: boolean }): boolean => over;

async function pause({ deadlineMs, timers, random }: Patience, attempt: number): Promise<void> {
  const most = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), deadlineMs / ATTEMPTS);
  await new Promise<void>((resolve) => {
    timers.after(1 + random.below(Math.ceil(most)), resolve);
  });
}

/** A refused request is sent once more: one that was changed on its way is refused like one that was wrong from the start. */
const isWorthwhile = (error: unknown, attempt: number): boolean =>
  isTransient(error) || error instanceof Garbled || (attempt === 1 && isRefusal(error));
