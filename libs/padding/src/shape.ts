import { type ExposureKey, KEY_PERIOD, unpackRecords } from '@keyserver/exposure-keys';
import type { Random } from '@keyserver/random';
import { HOUR, INTERVALS_PER_DAY, type UnixMillis, daysBetween, intervalAt } from '@keyserver/time';
import type { KeyDocument } from './generated-document.ts';

/** When a key of a shape is valid. */
export interface ShapeKey {
  /** UTC days from the key's start to the day of the window; 0 to 400. */
  readonly daysBefore: number;
  /** Ten-minute interval of its day in which the key starts, 0 to 143. */
  readonly startInDay: number;
  /** For how many intervals the key is valid, 1 to 144. */
  readonly period: number;
}

/**
 * What one upload leaves in one window, without its keys, report type and risks. As it counts days from the window, it can be
 * moved to any other day.
 */
export interface Shape {
  /** UTC days from symptom onset to the day of the window; negative when onset lies later. */
  readonly onsetBefore: number;
  /** In order of time; at least one. */
  readonly keys: readonly ShapeKey[];
}

/** A shape and the hour of day, 0 to 23 in UTC, in which its window began. */
export interface PooledShape {
  readonly hour: number;
  readonly shape: Shape;
}

/** Shapes of earlier days, as plain JSON: a random sample, so that their order says nothing. */
export type ShapePool = readonly PooledShape[];

/** What bounds a stored shape. They are wide: whether a shape may be used where it is drawn is decided there, by the rules in force. */
const MOST_KEYS = 100;
const MOST_DAYS = 400;

/**
 * The shape of a stored document. Undefined for one that gives none: broken or empty records, more keys than an upload may
 * have, or onset that is missing or contradicts itself. Only keys of other servers and imports lack onset, and generated ones
 * that hide among them leave it out of an ordinary shape.
 */
export function shapeOf(
  document: Pick<KeyDocument, 'window' | 'records'>,
): PooledShape | undefined {
  const today = intervalAt(document.window);
  const keys = keysOf(document.records);
  const onsets = new Set(
    keys.map(({ start, onsetDays: days }) =>
      days === undefined ? undefined : daysBetween(start, today) + days,
    ),
  );
  const [onsetBefore] = onsets;
  if (onsets.size !== 1 || onsetBefore === undefined) return undefined;
  const pooled: PooledShape = {
    hour: hourOf(document.window),
    shape: { onsetBefore, keys: keys.map((key) => shapeKey(key, today)) },
  };
  return isPooledShape(pooled) ? pooled : undefined;
}

/** The hour of day, 0 to 23 in UTC, in which a window begins. */
export const hourOf = (window: UnixMillis): number => Math.floor(window / HOUR) % 24;

/** The keys of a document in order of time; none when its records are broken. */
function keysOf(records: Uint8Array): readonly ExposureKey[] {
  try {
    return unpackRecords(records).toSorted((a, b) => a.start - b.start || a.period - b.period);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

const shapeKey = ({ start, period }: ExposureKey, today: number): ShapeKey => ({
  daysBefore: daysBetween(start, today),
  startInDay: start % INTERVALS_PER_DAY,
  period,
});

/** A pool as it was stored. Throws a TypeError for anything that `ShapeSample` did not make. */
export function parseShapePool(json: unknown): ShapePool {
  if (Array.isArray(json) && json.every(isPooledShape)) return json;
  throw new TypeError('not a pool of shapes');
}

function isPooledShape(value: unknown): value is PooledShape {
  if (!hasFields(value, 'hour', 'shape') || !isWithin(value.hour, 0, 23)) return false;
  const { shape } = value;
  if (!hasFields(shape, 'onsetBefore', 'keys')) return false;
  if (!isWithin(shape.onsetBefore, -MOST_DAYS, MOST_DAYS) || !Array.isArray(shape.keys))
    return false;
  return isWithin(shape.keys.length, 1, MOST_KEYS) && shape.keys.every(isShapeKey);
}

const isShapeKey = (value: unknown): value is ShapeKey =>
  hasFields(value, 'daysBefore', 'startInDay', 'period') &&
  isWithin(value.daysBefore, 0, MOST_DAYS) &&
  isWithin(value.startInDay, 0, INTERVALS_PER_DAY - 1) &&
  isWithin(value.period, KEY_PERIOD.min, KEY_PERIOD.max);

/** Whether a value is an object with exactly these fields. */
const hasFields = <K extends string>(value: unknown, ...names: K[]): value is Record<K, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length === names.length &&
  names.every((name) => Object.hasOwn(value, name));

const isWithin = (value: unknown, low: number, high: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && low <= value && value <= high;

/**
 * A random sample of at most so many shapes of documents that come one by one, in which each has the same chance to be, however
 * many come (a reservoir).
 */
export class ShapeSample {
  private readonly most: number;
  private readonly random: Random;
  private readonly kept: PooledShape[] = [];
  private seen = 0;

  constructor(most: number, random: Random) {
    this.most = most;
    this.random = random;
  }

  /** Takes the shape of a document into account. One without a shape changes nothing. */
  add(document: Pick<KeyDocument, 'window' | 'records'>): void {
    const pooled = shapeOf(document);
    if (pooled === undefined) return;
    this.seen += 1;
    const at = this.kept.length < this.most ? this.kept.length : this.random.below(this.seen);
    if (at < this.most) this.kept[at] = pooled;
  }

  /** What has been kept so far. */
  get shapes(): ShapePool {
    return [...this.kept];
  }
}
