import type { ExportConfig } from '@keyserver/export-file';
import type { Partner } from '@keyserver/federation';
import { DAY, MINUTE, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';

/** How long one plan holds, in ms: a UTC day, or a minute where things are tried out. */
export type PlanSpan = number;

/** The span of plans in a profile: in the development profile nobody wants to wait for midnight. */
export const planSpanOf = (profile: 'development' | 'production' | undefined): PlanSpan =>
  profile === 'development' ? MINUTE : DAY;

/** What is in force from one midnight to another. */
type Lasting = Pick<ExportConfig, 'id' | 'from' | 'thru'>;

/** An export or a partner as it is configured from a midnight on, until a later version takes its place. */
export interface Version<T extends Lasting> {
  readonly from: UnixMillis;
  readonly config: T;
}

/** An export as it is configured from a midnight on. */
export type ExportVersion = Version<ExportConfig>;

/** A partner as it is configured from a midnight on; one that was removed has ended by then. */
export type PartnerVersion = Version<Partner>;

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
 * What holds on one day: the exports and padded partners that are in force on it, as they were configured for it. It is
 * decided before the day begins, so whoever makes it, and whenever, makes the same one.
 */
export interface Plan {
  readonly start: UnixMillis;
  readonly end: UnixMillis;
  readonly exports: readonly ExportConfig[];
  /** Those that are padded; a fresh partner is given nothing by a plan. */
  readonly partners: readonly Partner[];
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
export const exportsInForce = (
  versions: readonly ExportVersion[],
  start: UnixMillis,
  span: PlanSpan,
): readonly ExportConfig[] =>
  inForce(versions, start, span).map((config) => ({
    ...config,
    period: greatestCommonDivisor(config.period, span),
  }));

/** The partners that are in force on the day that begins at `start`, in the same way; fresh ones too. */
export const partnersInForce = (
  versions: readonly PartnerVersion[],
  start: UnixMillis,
  span: PlanSpan,
): readonly Partner[] =>
  inForce(versions, start, span).map((partner) => ({
    ...partner,
    unit: greatestCommonDivisor(partner.unit, span),
  }));

function inForce<T extends Lasting>(
  versions: readonly Version<T>[],
  start: UnixMillis,
  span: PlanSpan,
): readonly T[] {
  const newest = new Map<string, Version<T>>();
  for (const version of versions) {
    const known = newest.get(version.config.id);
    if (version.from <= start && (known === undefined || known.from < version.from))
      newest.set(version.config.id, version);
  }
  return [...newest.values()]
    .map(({ config }) => config)
    .filter((config) => isOn(config, start, span))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

const isOn = (
  { from, thru }: Pick<Lasting, 'from' | 'thru'>,
  start: UnixMillis,
  span: PlanSpan,
): boolean =>
  floorTo(from, span) <= start && (thru === undefined || start < midnightNotBefore(thru, span));

/**
 * The first midnight from `start` on at which an export or a partner is in force, by the versions that are known of it;
 * undefined when there is none. It leads over the days between the end and a re-opening.
 */
export function nextInForce<T extends Lasting>(
  versions: readonly Version<T>[],
  start: UnixMillis,
  span: PlanSpan,
): UnixMillis | undefined {
  const candidates = [
    start,
    ...versions.flatMap(({ from, config }) => [from, floorTo(config.from, span)]),
  ];
  return candidates
    .filter((at) => at >= start && inForce(versions, at, span).length > 0)
    .sort((a, b) => a - b)[0];
}

/** The largest number that divides both. */
export const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b);
