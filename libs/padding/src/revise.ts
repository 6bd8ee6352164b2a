import {
  type ExposureKey,
  type KeyBatch,
  type KeyRules,
  earliestEnd,
  keyEnd,
  mayBecome,
  packRecords,
  unpackRecords,
} from '@keyserver/exposure-keys';
import { type Random, shuffle } from '@keyserver/random';
import { DAY, type UnixMillis, unixMillis } from '@keyserver/time';
import { pick } from './chance.ts';
import { type Combination, dealCombinations } from './combinations.ts';
import type { KeyDocument } from './generated-document.ts';

/**
 * Documents that a cell of revisions comes from, if anybody revised anything: as many real ones as there are, and generated ones
 * that are revised with them. A cell of primaries has as many generated documents, so that there are some to revise.
 */
export const MIN_REVISED = 10;

/** A generated document, and what its keys are revised to. */
export interface RevisedDocument {
  /** The id of the document that was published. */
  readonly of: string;
  readonly document: KeyDocument;
}

/**
 * Revises generated documents, no more than `count`, to report types, risks and missing onset that real revisions of the cell
 * have. Of each document the keys that a phone could still send are revised; one with none of them, and one whose report
 * type cannot become another, is passed over.
 */
export function reviseDocuments(
  published: readonly KeyBatch[],
  cell: {
    /** Real revisions of the cell, at least one. */
    readonly documents: readonly KeyDocument[];
    /** Starts of its release windows, at least one. */
    readonly windows: readonly UnixMillis[];
  },
  {
    count,
    rules,
    random,
  }: { readonly count: number; readonly rules: KeyRules; readonly random: Random },
): readonly RevisedDocument[] {
  const ways = dealCombinations(cell.documents, Math.max(count, 1), random);
  const revised: RevisedDocument[] = [];
  for (const one of shuffle(published, random)) {
    if (revised.length === count) break;
    const [first, ...others] = cell.windows.filter((window) => window > one.window);
    if (first === undefined) continue;
    const window = pick([first, ...others], random);
    const keys = unpackRecords(one.records).filter(
      (key) => keyEnd(key) >= earliestEnd(window, rules.maxAge),
    );
    const way = shuffle(ways, random).find((found) => isAllowed(keys, found, window));
    if (keys.length === 0 || way === undefined) continue;
    const { regions, traveler, app, authority } = one;
    const records = packRecords(keys.map((key) => way(key, window)));
    revised.push({ of: one.id, document: { regions, traveler, app, authority, window, records } });
  }
  return revised;
}

const isAllowed = (keys: readonly ExposureKey[], way: Combination, window: UnixMillis): boolean =>
  keys.every((key) => mayBecome(key.reportType, way(key, window).reportType));

/**
 * How long before a revision its keys were published, ms: mostly the result of a test that takes days. The mean of two days is
 * an assumption; no public figure was found. More than `most` is drawn again as any time up to it.
 */
export function drawDelay(most: number, random: Random): number {
  const uniform = random.below(PRECISION) / PRECISION;
  const delay = -Math.log(1 - uniform) * MEAN_DELAY;
  return unixMillis(Math.floor(delay <= most ? delay : uniform * most));
}

const PRECISION = 1 << 30;
const MEAN_DELAY = 2 * DAY;
