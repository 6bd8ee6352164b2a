import { hash } from 'node:crypto';
import {
  type ExportConfig,
  type SelectionRules,
  inputRegionsOf,
  takerOf,
} from '@keyserver/export-file';
import type { Grant, Partner } from '@keyserver/federation';
import type { KeyBatch } from '@keyserver/exposure-keys';
import { SECOND, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { greatestCommonDivisor } from './plan.ts';

/**
 * Documents that are in exactly the same files and units: the exports and padded partners of the plan that select them, one span
 * of time, and their kind. No subtraction or intersection of files and units isolates less than a cell.
 */
export interface Cell {
  /** Made of the span, the kind and the readers; the same for whoever computes it from the same plan. */
  readonly id: string;
  readonly kind: KeyBatch['kind'];
  readonly start: UnixMillis;
  readonly end: UnixMillis;
  /** The ids of its readers, sorted, at least one. */
  readonly readers: readonly string[];
  /** The largest `minRecords` of the readers: a cell that holds anything has at least so many keys. */
  readonly floor: number;
  /** The largest `paddingRange` of the readers: up to so many more are drawn. */
  readonly range: number;
  /** Whether it is filled even when nobody published. */
  readonly padEmpty: boolean;
}

/**
 * Whoever is given keys by a plan: an export, or anybody else who reads whole spans of the documents that its rules take. No
 * two have the same id.
 */
export type Reader = SelectionRules &
  Pick<ExportConfig, 'id' | 'period' | 'minRecords' | 'paddingRange' | 'padEmpty'>;

/** What a partner is called among the readers; no id of an export has a colon. */
export const partnerReaderId = (partner: Pick<Partner, 'id'>): string => `${PARTNER}${partner.id}`;

/** The id of a partner that reads; undefined for an export. */
export const partnerOfReader = (reader: string): string | undefined =>
  reader.startsWith(PARTNER) ? reader.slice(PARTNER.length) : undefined;

const PARTNER = 'partner:';

/**
 * A padded partner as a reader. Where a document was first uploaded plays no part: keys of other servers are not padded, so whether
 * a partner is given them changes no cell.
 */
export const readerOf = (partner: Partner): Reader => ({
  ...rulesOf(partner),
  id: partnerReaderId(partner),
  period: partner.unit,
  minRecords: partner.minRecords,
  paddingRange: partner.paddingRange,
  padEmpty: false,
});

/** Which documents a grant takes, wherever they were first uploaded. */
export const rulesOf = (grant: Grant): SelectionRules => ({
  outputRegion: '',
  // An empty list would be the output region, and no key has one that is empty.
  inputRegions: grant.includeRegions,
  excludeRegions: grant.excludeRegions,
  includeTravelers: grant.includeTravelers,
  onlyNonTravelers: false,
});

/** Who reads by a plan; plans of earlier versions of this program have no partners. */
export interface Readers {
  readonly exports: readonly Reader[];
  readonly partners?: readonly Partner[];
}

/** Everybody who is given keys by a plan. */
export const readersOf = ({ exports, partners = [] }: Readers): readonly Reader[] => [
  ...exports,
  ...partners.map(readerOf),
];

/** What decides which cell a document belongs to. */
export type Placed = Pick<KeyBatch, 'window' | 'kind' | 'regions' | 'traveler'>;

/** Finds the cells of documents whose windows lie in the plan's day; undefined for documents that nobody takes. */
export type FindCell = (document: Placed) => Cell | undefined;

type Reach = Omit<Cell, 'id' | 'kind' | 'start' | 'end'> & {
  readonly period: number;
  readonly digest: string;
};

/** Finds cells by the readers of a plan. What is the same for all documents of an audience is worked out once. */
export function cellFinder(plan: Readers): FindCell {
  const takers = readersOf(plan).map((config) => ({ config, takes: takerOf(config) }));
  const reaches = new Map<string, Reach | undefined>();
  return ({ window, kind, regions, traveler }) => {
    const audience = JSON.stringify([traveler, regions]);
    if (!reaches.has(audience))
      reaches.set(
        audience,
        reachOf(takers.filter(({ takes }) => takes({ regions, traveler })).map((t) => t.config)),
      );
    const reach = reaches.get(audience);
    return reach === undefined ? undefined : cellIn(reach, kind, window);
  };
}

function reachOf(readers: readonly Reader[]): Reach | undefined {
  if (readers.length === 0) return undefined;
  const ids = readers.map(({ id }) => id).sort();
  return {
    readers: ids,
    floor: Math.max(...readers.map(({ minRecords }) => minRecords)),
    range: Math.max(...readers.map(({ paddingRange }) => paddingRange)),
    padEmpty: readers.some(({ padEmpty }) => padEmpty),
    // The smallest of periods that divide one another. Stores of earlier versions may have others, and this still lies in
    // one batch of each.
    period: readers.map(({ period }) => period).reduce(greatestCommonDivisor),
    digest: hash('sha256', JSON.stringify(ids)).slice(0, DIGITS),
  };
}

const DIGITS = 32;

function cellIn({ period, digest, ...reach }: Reach, kind: Cell['kind'], window: UnixMillis): Cell {
  const start = floorTo(window, period);
  return {
    ...reach,
    id: `${start / SECOND}-${period / SECOND}-${kind}-${digest}`,
    kind,
    start,
    end: unixMillis(start + period),
  };
}

/** Whether some document, of any regions and traveler flag, would be given to both. */
export function shareKeys(one: SelectionRules, other: SelectionRules): boolean {
  const excluded = new Set([...one.excludeRegions, ...other.excludeRegions]);
  const allowed = (filter: SelectionRules): boolean =>
    inputRegionsOf(filter).some((region) => !excluded.has(region));
  const both = [one, other];
  const asTraveler =
    both.every(({ onlyNonTravelers }) => !onlyNonTravelers) &&
    both.every((filter) => filter.includeTravelers || allowed(filter));
  return asTraveler || both.every(allowed);
}
