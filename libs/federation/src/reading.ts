import type { KeyBatch } from '@keyserver/exposure-keys';
import type { FetchRequest } from './fetch-request.ts';
import type { Grant } from './partner.ts';

/** What is the same for all keys of a document, as far as it matters to a partner. */
export interface KeyGroup extends Pick<KeyBatch, 'regions' | 'traveler'> {
  /** Whether the keys were uploaded here, or generated to look so. */
  readonly isLocal: boolean;
  /** Who verified them; empty where nobody did. */
  readonly authorityName: string;
}

/** Which keys one call gives, and what it says of them. */
export interface Reading {
  /** Whether no key can be given at all. */
  readonly isEmpty: boolean;
  readonly takes: (group: KeyGroup) => boolean;
  /** Whether these are regions for which a key is kept back whole, with every copy of it that a unit has. */
  readonly refuses: (regions: readonly string[]) => boolean;
  /** The regions of a key that the partner may know of; a traveler's key may have none of them. */
  readonly shows: (regions: readonly string[]) => readonly string[];
}

/**
 * What a call gives: what every grant allows, and of that what is asked for. Grants and request that have no region in common
 * give nothing, travelers neither: nothing in common is not the same as no wish.
 */
export function readingOf(
  grants: readonly [Grant, ...Grant[]],
  request: Pick<
    FetchRequest,
    'includeRegions' | 'excludeRegions' | 'onlyTravelers' | 'onlyLocalProvenance'
  >,
): Reading {
  const included = includedBy(grants, request);
  const excluded = new Set([...grants, request].flatMap(({ excludeRegions }) => excludeRegions));
  const onlyLocal = [...grants, request].some(({ onlyLocalProvenance }) => onlyLocalProvenance);
  const withTravelers = grants.every(({ includeTravelers }) => includeTravelers);
  const shows = (regions: readonly string[]): readonly string[] =>
    regions.filter((region) => included.has(region));
  const refuses = (regions: readonly string[]): boolean =>
    regions.some((region) => excluded.has(region));
  return {
    isEmpty: included.size === 0,
    ...{ shows, refuses },
    takes: ({ regions, traveler, isLocal }) => {
      if (included.size === 0) return false;
      if (onlyLocal && !isLocal) return false;
      if (request.onlyTravelers && !traveler) return false;
      if (refuses(regions)) return false;
      return (withTravelers && traveler) || regions.some((region) => included.has(region));
    },
  };
}

function includedBy(
  grants: readonly [Grant, ...Grant[]],
  { includeRegions: wanted }: Pick<FetchRequest, 'includeRegions'>,
): ReadonlySet<string> {
  const [first, ...others] = grants.map(({ includeRegions }) => new Set(includeRegions));
  const limits = wanted.length === 0 ? others : [...others, new Set(wanted)];
  return new Set([...(first ?? [])].filter((region) => limits.every((one) => one.has(region))));
}
