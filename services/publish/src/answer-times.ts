import type { Random } from '@keyserver/random';
import { SECOND, type Timers } from '@keyserver/time';

/**
 * What uploads get now, and how long it takes: what answers without work of their own are made to look like. It is read from
 * memory alone. Times are ms from the end of an upload's body until its answer is worked out. A phase says where between two
 * ticks that body ended, on which answers leave: in [0, 1), counted from the tick before.
 */
export interface AnswerTimes {
  /** An upload was stored. */
  stored(upload: Worked): void;
  /** An upload, or a trial of the store, met a fault of this server; `fault` is told until something succeeds. */
  failed(fault: unknown, ms: number): void;
  /** A trial of the store succeeded. */
  works(): void;
  /** What uploads meet now; undefined while they are taken. */
  readonly fault: unknown;
  /** How long ago somebody last said how uploads fare, ms. */
  readonly silentFor: number;
  /** A time that an upload of this phase might take now, drawn from those that others took, ms; 0 while none is known. */
  draw(phase: number): number;
  /**
   * The time for an answer that was worked on and is no upload that was stored: as slow among the times of uploads as it was
   * among answers of its sort, and no less than its own, ms. Sorts are few, and all of one sort have the same work.
   */
  disguise(sort: string, worked: Worked): number;
  /** Times of which nobody else knows yet, ms, oldest first. */
  unshared(): readonly number[];
  /** Takes over what all instances know together; what this one has not shared stays beside it. */
  learn(shared: readonly number[], ownAreIn: boolean): void;
  /** Takes times that were measured while no upload was there yet. */
  measured(times: readonly number[]): void;
}

/** How long something took to work out, ms, and when its body was there. */
export interface Worked {
  readonly ms: number;
  readonly phase: number;
}

/** Who waits longer than this is not imitated, ms: each waiting answer holds a connection. */
const LONGEST = 10 * SECOND;

/**
 * Times of the present load: the newest of the last seconds, if there are enough of them. Few of uploads, since under load much
 * changes within a second; more of other answers, since ranks among few are rough.
 */
const PRESENT = { within: 10 * SECOND, uploads: 16, others: 128, enough: 16 };

/**
 * Of those count the ones whose phases are nearest. Ticks set the rhythm of the work, so an upload of one phase tends to be ready
 * just before a tick, and one of another phase just after it. A time of any phase would often miss a tick that uploads reach.
 */
const NEAREST = { uploads: 4, others: 32 };

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
  const sorts = new Map<string, SortOfAnswers>();
  let outage: { readonly fault: unknown; readonly times: readonly number[] } | undefined;
  let heardAt = -Infinity;

  /** Uploads of now whose phases are known; undefined where times are drawn whatever the phase. */
  const byPhase = (): readonly Worked[] | undefined =>
    outage === undefined ? present.enough() : undefined;

  /** Draws times of now for phases. */
  function drawing(uploads: readonly Worked[] | undefined): (phase: number) => number {
    if (uploads !== undefined)
      return (phase) => oneOf(nearest(uploads, phase, NEAREST.uploads), random)?.ms ?? 0;
    const times = outage?.times ?? usual.all();
    return () => oneOf(times, random) ?? 0;
  }

  function disguise(sort: string, worked: Worked): number {
    const known = sorts.get(sort) ?? sortOfAnswers(timers);
    sorts.set(sort, known);
    const uploads = byPhase();
    const alike = known.add(worked, uploads === undefined ? USUAL.most : NEAREST.others);
    const draw = drawing(uploads);
    const times = alike.map(({ phase }) => draw(phase)).toSorted((a, b) => a - b);
    return Math.max(worked.ms, times[rankOf(worked, alike, random)] ?? 0);
  }

  return {
    stored: (upload) => {
      const ms = Math.min(upload.ms, LONGEST);
      [outage, heardAt] = [undefined, timers.monotonic()];
      present.add({ ...upload, ms });
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
    draw: (phase) => drawing(byPhase())(phase),
    disguise,
    unshared: usual.unshared,
    learn: usual.learn,
    measured: usual.measured,
  };
}

const oneOf = <T>(all: readonly T[], random: Random): T | undefined =>
  all.length === 0 ? undefined : all[random.below(all.length)];

/** So many whose phases are nearest to this one; the end of one tick is the beginning of the next. */
function nearest(all: readonly Worked[], phase: number, most: number): readonly Worked[] {
  const measured = all.map((one) => {
    const between = Math.abs(one.phase - phase);
    return { one, distance: Math.min(between, 1 - between) };
  });
  measured.sort((a, b) => a.distance - b.distance);
  return measured.slice(0, most).map(({ one }) => one);
}

/** How many of these were quicker than one of them; where several took as long, any of their places. */
function rankOf({ ms }: Worked, all: readonly Worked[], random: Random): number {
  const below = all.filter((other) => other.ms < ms).length;
  return below + random.below(all.filter((other) => other.ms === ms).length);
}

interface SortOfAnswers {
  /** Remembers an answer, and gives so many that it is ranked among: the nearest in phase, itself included. */
  readonly add: (worked: Worked, most: number) => readonly Worked[];
}

/**
 * Answers of one sort. Of the times that are drawn for several of them, the slowest gets the longest and the quickest the
 * shortest: whatever their own times are, what comes out has the distribution of what was drawn. A time drawn for one alone
 * would not do where the work of a refusal is nearly that of an upload: the longer of two alike times is longer than either.
 */
function sortOfAnswers(timers: Timers): SortOfAnswers {
  const present = presentTimes(timers, PRESENT.others);
  let newest: readonly Worked[] = [];
  return {
    add: (worked, most) => {
      present.add(worked);
      newest = [...newest, worked].slice(-USUAL.most);
      const others = (present.enough() ?? newest).slice(0, -1);
      return [worked, ...nearest(others, worked.phase, most - 1)];
    },
  };
}

interface PresentTimes {
  readonly add: (worked: Worked) => void;
  /** Those of the last seconds, oldest first; undefined while there are too few. */
  readonly enough: () => readonly Worked[] | undefined;
}

function presentTimes(timers: Timers, most: number): PresentTimes {
  let taken: { readonly at: number; readonly worked: Worked }[] = [];
  return {
    add: (worked) => {
      taken.push({ at: timers.monotonic(), worked });
      if (taken.length >= 2 * most) taken = taken.slice(-most);
    },
    enough: () => {
      const since = timers.monotonic() - PRESENT.within;
      const first = taken.findIndex(({ at }) => at >= since);
      const newest = first < 0 ? [] : taken.slice(Math.max(first, taken.length - most));
      return newest.length < PRESENT.enough ? undefined : newest.map(({ worked }) => worked);
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
