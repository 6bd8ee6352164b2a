import type { ExposureKey } from '@keyserver/exposure-keys';
import type { Random } from '@keyserver/random';
import { HOUR, INTERVAL, INTERVALS_PER_DAY, type WindowLength } from '@keyserver/time';
import { groupBy, happens, pick } from './chance.ts';
import { type PooledShape, type Shape, type ShapeKey, type ShapePool, hourOf } from './shape.ts';
import { type Release, endsAtMidnight, keysOfShape } from './upload.ts';

/** Shapes that documents are drawn from alike. */
interface Stock {
  readonly shapes: readonly PooledShape[];
  /** Intervals of a day in which keys of so many shapes start or end that it is a habit, and no trace of a person. */
  readonly usual: ReadonlySet<number>;
}

/** A pool, sorted for drawing. */
export interface SortedPool {
  /** Shapes by the hour, 0 to 23, in which they left the server. */
  readonly hours: ReadonlyMap<number, Stock>;
  /** Shapes of every hour but those of held-back keys. */
  readonly fresh: Stock;
}

/** Sorts a pool of a server whose windows have this length. */
export function sortPool(pool: ShapePool, length: WindowLength): SortedPool {
  const hours = [...groupBy(pool, ({ hour }) => hour)];
  return {
    hours: new Map(hours.map(([hour, shapes]) => [hour, stockOf(shapes)])),
    fresh: stockOf(pool.filter((pooled) => !isHeldBack(pooled, length))),
  };
}

const stockOf = (shapes: readonly PooledShape[]): Stock => ({
  shapes,
  usual: usualIntervals(shapes),
});

/** Whether all keys ended so late before the hour that they may have been held back until then. */
const isHeldBack = ({ hour, shape }: PooledShape, length: WindowLength): boolean =>
  shape.keys.every((key) => endOf(key) * INTERVAL >= hour * HOUR - length);

/** The interval in which a key ends, counted from the start of the window's day. */
const endOf = ({ daysBefore, startInDay, period }: ShapeKey): number =>
  startInDay + period - daysBefore * INTERVALS_PER_DAY;

/**
 * So many shapes are drawn from in half of all cases. Those of one hour are preferred to those of all hours only when they are
 * many: a file that is drawn from few shapes differs from the population by what these few have in common, and whoever has seen
 * enough files learns how, and sees real documents as what differs from it.
 */
const EVEN = { hour: 200, all: 20 };

/**
 * The chance that a document is drawn from `n` shapes, and not in another way. It rises with the square of their number, so that
 * other ways hardly matter once there are many, and yet no shape is ever drawn for more than one document in forty: somebody's
 * shape would stand out in the files of the next days.
 */
const chanceOf = (n: number, even: number): number => n ** 2 / (n ** 2 + even ** 2);

/** So often is a shape drawn again that does not fit the window, for example as the length of windows has changed. */
const TRIES = 8;

/**
 * The keys of a document drawn from shapes of the same hour of day or, where these are few, of all hours. Held-back keys leave
 * at some hours alone, which therefore have nothing but their own shapes. Undefined where the prior shall be asked.
 */
export function keysFromPool(
  pool: SortedPool,
  release: Release,
): readonly ExposureKey[] | undefined {
  const own = pool.hours.get(hourOf(release.window)) ?? stockOf([]);
  if (endsAtMidnight(release)) return keysFromStock(own, EVEN.all, release);
  return keysFromStock(own, EVEN.hour, release) ?? keysFromStock(pool.fresh, EVEN.all, release);
}

function keysFromStock(
  { shapes, usual }: Stock,
  even: number,
  release: Release,
): readonly ExposureKey[] | undefined {
  const { random, window } = release;
  if (!happens(chanceOf(shapes.length, even), random)) return undefined;
  for (let n = 0; n < TRIES; n++) {
    const shape = movedToHour(pick(shapes, random), hourOf(window));
    const keys = keysOfShape(withoutTraces(shape, usual, random), release);
    if (keys !== undefined) return keys;
  }
  return undefined;
}

const HOUR_INTERVALS = 6;

/** The shape as it might have left the server in another hour: a key that the upload has ended ends then. */
function movedToHour({ hour, shape }: PooledShape, to: number): Shape {
  if (to === hour) return shape;
  const keys = shape.keys.map((key) =>
    Math.floor(endOf(key) / HOUR_INTERVALS) === hour
      ? { ...key, period: key.period + (to - hour) * HOUR_INTERVALS }
      : key,
  );
  return { ...shape, keys };
}

/** An interval is usual when at least so many shapes, and such a part of all, have it. */
const USUAL = { shapes: 5, part: 0.05 };

function usualIntervals(shapes: readonly PooledShape[]): ReadonlySet<number> {
  const counts = new Map<number, number>();
  for (const { shape } of shapes)
    for (const interval of intervalsOf(shape))
      counts.set(interval, (counts.get(interval) ?? 0) + 1);
  const least = Math.max(USUAL.shapes, USUAL.part * shapes.length);
  return new Set([...counts].filter(([, count]) => count >= least).map(([interval]) => interval));
}

/** The different intervals, midnight left out, in which keys of a shape start or end. */
function intervalsOf({ keys }: Shape): ReadonlySet<number> {
  const found = new Set<number>();
  for (const key of keys) for (const at of boundsOf(key)) if (at !== 0) found.add(at);
  return found;
}

/** In which intervals of a day a key starts and ends; midnight is 0. */
const boundsOf = ({ startInDay, period }: ShapeKey): readonly number[] => [
  startInDay,
  (startInDay + period) % INTERVALS_PER_DAY,
];

/**
 * The shape with other intervals within the same hours wherever a key starts or ends at a time that is neither midnight nor
 * usual. Such times are like fingerprints. If they were kept, files would have each of them several times, but those of real
 * uploads once.
 */
function withoutTraces(shape: Shape, usual: ReadonlySet<number>, random: Random): Shape {
  const moved = new Map<number, number>();
  const move = (interval: number): number => {
    if (interval === 0 || usual.has(interval)) return interval;
    const hour = interval - (interval % HOUR_INTERVALS);
    const to = moved.get(interval) ?? hour + random.below(HOUR_INTERVALS);
    moved.set(interval, to);
    return to;
  };
  const keys = shape.keys.map((key): ShapeKey => {
    const [start = 0, end = 0] = boundsOf(key);
    const [newStart, newEnd] = [move(start), move(end)];
    return {
      ...key,
      startInDay: newStart,
      period: key.period + (newEnd - end) - (newStart - start),
    };
  });
  return { ...shape, keys };
}
