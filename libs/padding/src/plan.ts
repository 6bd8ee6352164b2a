import type { ExportConfig } from '@keyserver/export-file';
import { DAY, MINUTE, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';

/** How long one plan holds, in ms: a UTC day, or a minute where things are tried out. */
export type PlanSpan = number;

/** The span of plans in a profile: in the development profile nobody wants to wait for midnight. */
export const planSpanOf = (profile: 'development' | 'production' | undefined): PlanSpan =>
  profile === 'development' ? MINUTE : DAY;

/** An export as it is configured from a midnight on, until a later version takes its place. */
export interface ExportVersion {
  readonly from: UnixMillis;
  readonly config: ExportConfig;
}

/** Somebody who may publish: one possible audience of documents. */
export interface Publisher {
  /** The application's id. */
  readonly app: string;
  /** Upper case, at least one. */
  readonly regions: readonly string[];
  /** One of those whose certificates the application may use; undefined where it needs none. */
  readonly authority: { readonly id: number; readonly name: string } | undefined;
}

/**
 * What holds on one day: the exports that are in force on it, as they were configured for it. It is decided before the day
 * begins, so whoever makes it, and whenever, makes the same one.
 */
export interface Plan {
  readonly start: UnixMillis;
  readonly end: UnixMillis;
  readonly exports: readonly ExportConfig[];
  /** Who may publish; listed only when an export pads what nobody published. */
  readonly publishers: readonly Publisher[];
}

/** The midnight that begins the span of an instant. */
export const planStart = (t: UnixMillis, span: PlanSpan): UnixMillis => floorTo(t, span);

/** The first midnight after an instant: from it on a change of the configuration holds. */
export const midnightAfter = (t: UnixMillis, span: PlanSpan): UnixMillis =>
  unixMillis(floorTo(t, span) + span);

/** The first midnight that is not before an instant. */
export const midnightNotBefore = (t: UnixMillis, span: PlanSpan): UnixMillis =>
  floorTo(unixMillis(t + span - 1), span);

/**
 * The exports that are in force on the day that begins at `start`. Of each export the newest version that holds by then
 * counts. A `from` or `thru` within a day, as stores of earlier versions have them, counts for the whole of that day; a period
 * that does not divide the span is cut into ones that do, or no batch of it would ever be due.
 */
export function exportsInForce(
  versions: readonly ExportVersion[],
  start: UnixMillis,
  span: PlanSpan,
): readonly ExportConfig[] {
  const newest = new Map<string, ExportVersion>();
  for (const version of versions) {
    const known = newest.get(version.config.id);
    if (version.from <= start && (known === undefined || known.from < version.from))
      newest.set(version.config.id, version);
  }
  return [...newest.values()]
    .map(({ config }) => config)
    .filter((config) => isOn(config, start, span))
    .map((config) => ({ ...config, period: greatestCommonDivisor(config.period, span) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

const isOn = (
  { from, thru }: Pick<ExportConfig, 'from' | 'thru'>,
  start: UnixMillis,
  span: PlanSpan,
): boolean =>
  floorTo(from, span) <= start && (thru === undefined || start < midnightNotBefore(thru, span));

/**
 * The first midnight from `start` on at which an export is in force, by the versions that are known of it; undefined when
 * there is none. It leads over the days between the end of an export and its re-opening.
 */
export function nextInForce(
  versions: readonly ExportVersion[],
  start: UnixMillis,
  span: PlanSpan,
): UnixMillis | undefined {
  const candidates = [
    start,
    ...versions.flatMap(({ from, config }) => [from, floorTo(config.from, span)]),
  ];
  return candidates
    .filter((at) => at >= start && exportsInForce(versions, at, span).length > 0)
    .sort((a, b) => a - b)[0];
}

/** The largest number that divides both. */
export const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b);
