import { FederationFetchRequest } from '#generated/federation.js';
import type { FetchState } from '#generated/federation.js';

/** What a partner asks for. */
export interface FetchRequest {
  /** Upper case; none means everything that the grant allows. */
  readonly includeRegions: readonly string[];
  /** Upper case. */
  readonly excludeRegions: readonly string[];
  readonly onlyTravelers: boolean;
  readonly onlyLocalProvenance: boolean;
  /** At most so many keys; undefined leaves it to the server. */
  readonly maxKeys: number | undefined;
  readonly state: FetchState.$Properties | null | undefined;
}

/** Why a request cannot be answered. */
export type RequestProblem =
  | 'malformed' // no message of this kind
  | 'regions' // too many regions, or one that is too long
  | 'overlap'; // a region that is wanted and refused

/** Regions in one list of a request, more than the world has. */
export const MAX_REQUEST_REGIONS = 1000;
/** Characters of a region in a request. */
export const MAX_REGION_LENGTH = 64;

/** Reads a request from its bytes. Regions are compared in upper case, so that `us` and `US` overlap. */
export function readRequest(bytes: Uint8Array): FetchRequest | RequestProblem {
  const message = decoded(bytes);
  if (message === undefined) return 'malformed';
  const includeRegions = upperCase(message.includeRegions);
  const excludeRegions = upperCase(message.excludeRegions);
  if (![includeRegions, excludeRegions].every(areRegions)) return 'regions';
  if (includeRegions.some((region) => excludeRegions.includes(region))) return 'overlap';
  return {
    ...{ includeRegions, excludeRegions },
    onlyTravelers: message.onlyTravelers ?? false,
    onlyLocalProvenance: message.onlyLocalProvenance ?? false,
    maxKeys: (message.maxExposureKeys ?? 0) || undefined,
    state: message.state,
  };
}

function decoded(bytes: Uint8Array): FederationFetchRequest | undefined {
  try {
    return FederationFetchRequest.decode(bytes);
  } catch {
    return undefined; // the decoder throws for nothing but bytes that are no such message
  }
}

const upperCase = (regions: readonly string[]): readonly string[] => [
  ...new Set(regions.map((region) => region.trim().toUpperCase())),
];

const areRegions = (regions: readonly string[]): boolean =>
  regions.length <= MAX_REQUEST_REGIONS &&
  regions.every((region) => region !== '' && region.length <= MAX_REGION_LENGTH);
