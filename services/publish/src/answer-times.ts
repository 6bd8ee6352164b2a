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
  /** A time that an upload might take now, drawn from those that others took, ms; 0 while none is known. */
  draw(): number;
  /**
   * The time for an answer that took `ms` to work out and is no upload that was stored: as slow among the times of uploads as it
   * was among answers of its sort, and no less than `ms`. Sorts are few, and all of one sort have the same work.
   */
  disguise(sort: string, ms: number): number;
  /** Times of which nobody else knows yet, ms, oldest first. */
  unshared(): readonly number[];
  /** Takes over what all instances know together; what this one has not shared stays beside it. */
  learn(shared: readonly number[], ownAreIn: boolean): void;
  /** Takes times that were measured while no upload was there yet. */
  measured(times: readonly number[]): void;
}

/** Who waits longer than this is not imitated, ms: each waiting answer holds a connection. */
const LONGEST = 10 * SECOND;

/**
 * Times of the present load: the newest of the last seconds, if there are enough of them. Few of uploads, since under load much
 * changes within a second; more of other answers, since ranks among few are rough.
 */
const PRESENT = { within: 10 * SECOND, uploads: 32, others: 128, enough: 20 };

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
  const present = presentTimes(timers, PRESENT.uploads);
  const usual = usualTimes(timers);
  const sorts = new Map<string, RankedTimes>();
  let outage: { readonly fault: unknown; readonly times: readonly number[] } | undefined;
  let heardAt = -Infinity;

  function timeAt(share: number): number {
    const pool = (outage?.times ?? present.enough() ?? usual.all()).toSorted((a, b) => a - b);
    return pool[Math.floor(share * pool.length)] ?? 0;
  }

  function timesOf(sort: string): RankedTimes {
    const known = sorts.get(sort) ?? rankedTimes(timers, random);
    sorts.set(sort, known);
    return known;
  }

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
    draw: () => timeAt(shareOf(random)),
    disguise: (sort, ms) => Math.max(ms, timeAt(timesOf(sort).rank(ms))),
    unshared: usual.unshared,
    learn: usual.learn,
    measured: usual.measured,
  };
}

const PARTS = 2 ** 20;

/** A number in [0, 1). */
const shareOf = (random: Random): number => random.below(PARTS) / PARTS;

interface RankedTimes {
  /** The share of the times so far that lie below this one, which is one of them from now on; anything while there are few. */
  readonly rank: (ms: number) => number;
}

/**
 * Times of one sort of answers. Its slowest get the time of the slowest upload, its fastest that of the fastest: whatever their
 * own times are, what comes out has the distribution of the uploads. A time drawn at random would not do where the work of a
 * refusal is nearly that of an upload: the longer of two alike times is longer than either.
 */
function rankedTimes(timers: Timers, random: Random): RankedTimes {
  const present = presentTimes(timers, PRESENT.others);
  let newest: readonly number[] = [];
  return {
    rank: (ms) => {
      const others = present.enough() ?? newest;
      const below = others.filter((other) => other < ms).length;
      present.add(ms);
      newest = [...newest, ms].slice(-USUAL.most);
      if (others.length < PRESENT.enough) return shareOf(random);
      const alike = others.filter((other) => other === ms).length + 1; // itself
      return (below + shareOf(random) * alike) / (others.length + 1);
    },
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

function presentTimes(timers: Timers, most: number): PresentTimes {
  let taken: Taken[] = [];
  return {
    add: (ms) => {
      taken.push({ at: timers.monotonic(), ms });
      if (taken.length >= 2 * most) taken = taken.slice(-most);
    },
    enough: () => {
      const since = timers.monotonic() - PRESENT.within;
      const first = taken.findIndex(({ at }) => at >= since);
      const newest = first < 0 ? [] : taken.slice(Math.max(first, taken.length - most));
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
