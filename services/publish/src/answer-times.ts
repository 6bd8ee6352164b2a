import type { Random } from '@keyserver/random';
import { SECOND, type Timers } from '@keyserver/time';

/**
 * What uploads get now, and how long it takes: what answers without work of their own are made to look like. It is read from
 * memory alone. Times are ms from the end of an upload's body until its answer is worked out.
 */
export interface AnswerTimes {
  /** An upload was stored. */
  stored(ms: number): void;
  /** An upload, or a trial of the store, met a fault of this server; `fault` is told until something succeeds. */
  failed(fault: unknown, ms: number): void;
  /** A trial of the store succeeded. */
  works(): void;
  /** What uploads meet now; undefined while they are taken. */
  readonly fault: unknown;
  /** How long ago somebody last said how uploads fare, ms. */
  readonly silentFor: number;
  /** A time that an upload might take now, drawn from those that others took; 0 while none is known. */
  draw(): number;
  /** Times of which nobody else knows yet, ms, oldest first. */
  unshared(): readonly number[];
  /** Takes over what all instances know together; what this one has not shared stays beside it. */
  learn(shared: readonly number[], ownAreIn: boolean): void;
  /** Takes times that were measured while no upload was there yet. */
  measured(times: readonly number[]): void;
}

/** Who waits longer than this is not imitated, ms: each waiting answer holds a connection. */
const LONGEST = 10 * SECOND;

/** Times of the present load: those of the last seconds, if there are enough of them. */
const PRESENT = { within: 10 * SECOND, most: 256, enough: 20 };

/**
 * Times of all loads. One each 10 seconds, so that a short rush does not push everything else out; the first ones at once.
 */
const USUAL = { every: 10 * SECOND, most: 100, enough: 20 };

/** Where time and chance come from. */
interface Sources {
  readonly timers: Timers;
  readonly random: Random;
}

/** Remembers how uploads fare. */
export function answerTimes({ timers, random }: Sources): AnswerTimes {
  const present = presentTimes(timers);
  const usual = usualTimes(timers);
  let outage: { readonly fault: unknown; readonly times: readonly number[] } | undefined;
  let heardAt = -Infinity;
  return {
    stored: (taken) => {
      const ms = Math.min(taken, LONGEST);
      [outage, heardAt] = [undefined, timers.monotonic()];
      present.add(ms);
      usual.add(ms);
    },
    failed: (fault, taken) => {
      heardAt = timers.monotonic();
      const times = [...(outage?.times ?? []), Math.min(taken, LONGEST)];
      outage = { fault, times: times.slice(-USUAL.most) };
    },
    works: () => {
      [outage, heardAt] = [undefined, timers.monotonic()];
    },
    get fault() {
      return outage?.fault;
    },
    get silentFor() {
      return timers.monotonic() - heardAt;
    },
    draw: () => {
      const pool = outage?.times ?? present.enough() ?? usual.all();
      return pool.length === 0 ? 0 : (pool[random.below(pool.length)] ?? 0);
    },
    unshared: usual.unshared,
    learn: usual.learn,
    measured: usual.measured,
  };
}

interface Taken {
  readonly at: number;
  readonly ms: number;
}

interface PresentTimes {
  readonly add: (ms: number) => void;
  /** The times of the last seconds; undefined while there are too few. */
  readonly enough: () => readonly number[] | undefined;
}

function presentTimes(timers: Timers): PresentTimes {
  let taken: Taken[] = [];
  return {
    add: (ms) => {
      taken.push({ at: timers.monotonic(), ms });
      if (taken.length >= 2 * PRESENT.most) taken = taken.slice(-PRESENT.most);
    },
    enough: () => {
      const since = timers.monotonic() - PRESENT.within;
      const first = taken.findIndex(({ at }) => at >= since);
      const newest = first < 0 ? [] : taken.slice(Math.max(first, taken.length - PRESENT.most));
      return newest.length < PRESENT.enough ? undefined : newest.map(({ ms }) => ms);
    },
  };
}

interface UsualTimes extends Pick<AnswerTimes, 'unshared' | 'learn' | 'measured'> {
  readonly add: (ms: number) => void;
  readonly all: () => readonly number[];
}

function usualTimes(timers: Timers): UsualTimes {
  let shared: readonly number[] = [];
  let own: readonly number[] = [];
  let first: readonly number[] = [];
  let addedAt = -Infinity;
  return {
    add: (ms) => {
      const now = timers.monotonic();
      if (shared.length + own.length >= USUAL.most && now - addedAt < USUAL.every) return;
      addedAt = now;
      own = [...own, ms].slice(-USUAL.most);
    },
    all: () => {
      const usual = [...shared, ...own].slice(-USUAL.most);
      return usual.length >= USUAL.enough ? usual : [...usual, ...first];
    },
    unshared: () => own,
    learn: (known, ownAreIn) => {
      shared = known;
      if (ownAreIn) own = [];
    },
    measured: (times) => {
      first = times.map((ms) => Math.min(ms, LONGEST));
    },
  };
}
