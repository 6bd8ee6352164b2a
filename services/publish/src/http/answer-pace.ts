import { type Random, shuffle } from '@keyserver/random';
import type { Timers } from '@keyserver/time';

/**
 * Answers leave on ticks, ms apart. An answer that was worked for and one that only waited then leave at the same moments, and
 * whatever makes a timer late befalls both.
 */
export const TICK = 4;

/**
 * How late after its moment a tick goes, ms. A timer of Node counts whole milliseconds from when its loop last looked, so it is
 * late by up to two, and by how much tells what else the loop did: an upload wakes it, cover traffic does not.
 */
const LATENESS = 2;
/**
 * A rush: so many answers within so long, ms. Their work blurs such differences, and there is no time to wait anything out:
 * what arrives meanwhile would only be looked at afterwards.
 */
const RUSH = { answers: 8, within: 3 * TICK };

/** Where between two ticks a moment on the clock of the timers lies, which is in ms: 0 on a tick, less than 1 before the next. */
export const phaseOf = (moment: number): number => (moment / TICK) % 1;

/** When answers leave. */
export interface AnswerPace {
  /** A request is here, so ticks are needed; the function that it gives ends that. */
  enter(): () => void;
  /** Waits for the first tick at `due` or later; `due` is on the clock of the timers, ms. */
  until(due: number): Promise<void>;
}

/** What ticks are made with. */
export interface AnswerPaceDeps {
  readonly timers: Timers;
  readonly random: Random;
  /** Does nothing else until the clock of the timers shows this, ms. */
  readonly waitOut: (until: number) => void;
}

/**
 * Ticks of one timer, which runs while any request is here. That it runs before an answer is ready makes the last stretch of
 * every answer's wait the same. Those that leave on one tick leave in random order.
 */
export function answerPace({ timers, random, waitOut }: AnswerPaceDeps): AnswerPace {
  const waiting = new Map<number, (() => void)[]>();
  /** When the last answers left, oldest first. */
  let departures: readonly number[] = [];
  let here = 0;
  let isTicking = false;

  function isRush(): boolean {
    const [oldest = -Infinity] = departures;
    return departures.length === RUSH.answers && timers.monotonic() - oldest < RUSH.within;
  }

  function keepTicking(): void {
    isTicking = here > 0 || waiting.size > 0;
    if (!isTicking) return;
    const now = timers.monotonic();
    const next = (Math.floor(now / TICK) + 1) * TICK;
    timers.after(Math.ceil(next - now), tick, { unref: true });
  }

  function tick(): void {
    const reached = Math.floor(timers.monotonic() / TICK);
    const leaving: (() => void)[] = [];
    for (const [at, answers] of waiting)
      if (at <= reached) {
        leaving.push(...answers);
        waiting.delete(at);
      }
    if (leaving.length > 0 && !isRush()) waitOut(reached * TICK + LATENESS);
    const now = timers.monotonic();
    departures = [...departures, ...leaving.map(() => now)].slice(-RUSH.answers);
    for (const leave of shuffle(leaving, random)) leave();
    keepTicking();
  }

  return {
    enter: () => {
      here += 1;
      if (!isTicking) keepTicking();
      return () => {
        here -= 1;
      };
    },
    until: async (due) => {
      await new Promise<void>((leave) => {
        const at = Math.ceil(due / TICK);
        const answers = waiting.get(at) ?? [];
        answers.push(leave);
        waiting.set(at, answers);
        if (!isTicking) keepTicking();
      });
    },
  };
}
