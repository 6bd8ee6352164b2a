import { HOUR, type UnixMillis } from '@keyserver/time';

/** How many of something there may be, and how many there are unless something else is said. */
interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly usual: number;
}

/** Keys in one answer, which a query asks for and a partner is allowed. Ten thousand of them stay far below the 4 MiB that gRPC clients take unless they are told otherwise. */
export const PAGE_KEYS: Bounds = { least: 1, most: 10_000, usual: 5000 };

/** Calls that a partner may make in a minute. */
export const CALLS_PER_MINUTE: Bounds = { least: 1, most: 6000, usual: 60 };

/** The longest unit that a padded partner is given unless another is asked for, ms. */
export const USUAL_UNIT: number = 4 * HOUR;

/** What a partner may read. Any excluded region refuses a whole key. */
export interface Grant {
  /** Upper case, at least one: an empty grant would be none. */
  readonly includeRegions: readonly string[];
  /** Upper case. */
  readonly excludeRegions: readonly string[];
  /** Whether keys of travelers are granted whatever included region they have. */
  readonly includeTravelers: boolean;
  /** Whether only keys that were uploaded here are granted; keys of other servers are passed on only where it is false. */
  readonly onlyLocalProvenance: boolean;
}

/** Another server that may fetch keys from this one, as it is configured. */
export interface Partner extends Grant {
  readonly id: string;
  /** Who vouches for the partner: the `iss` of its identity tokens. */
  readonly issuer: string;
  /** Who the partner is to its issuer: the `sub` of its tokens. */
  readonly subject: string;
  /** What its tokens must be meant for: their `aud`. */
  readonly audience: string;
  /** `padded` serves whole units of the plan of the day, with generated keys; `fresh` each window once it is closed, without. */
  readonly mode: 'padded' | 'fresh';
  /** How long a unit of a padded partner is, ms; it divides the day. */
  readonly unit: number;
  /** At least so many keys are in each cell that a padded partner is given. */
  readonly minRecords: number;
  /** Up to so many more are drawn. */
  readonly paddingRange: number;
  /** At most so many keys are in one answer. */
  readonly maxPageKeys: number;
  /** At most so many calls are answered in a minute. */
  readonly callsPerMinute: number;
  readonly from: UnixMillis;
  readonly thru: UnixMillis | undefined;
}

/** Whether everything that one grant lets through passes the other as well. Grants that cannot be compared do not. */
export const isWithin = (one: Grant, other: Grant): boolean =>
  reaches(one).every((region) => other.includeRegions.includes(region)) &&
  other.excludeRegions.every((region) => one.excludeRegions.includes(region)) &&
  (other.includeTravelers || !one.includeTravelers) &&
  (one.onlyLocalProvenance || !other.onlyLocalProvenance);

/** The included regions that no exclusion takes back. */
const reaches = ({ includeRegions, excludeRegions }: Grant): readonly string[] =>
  includeRegions.filter((region) => !excludeRegions.includes(region));

/** What both of two grants allow. */
export const narrowed = (one: Grant, other: Grant): Grant => ({
  includeRegions: one.includeRegions.filter((region) => other.includeRegions.includes(region)),
  excludeRegions: [...new Set([...one.excludeRegions, ...other.excludeRegions])].sort(),
  includeTravelers: one.includeTravelers && other.includeTravelers,
  onlyLocalProvenance: one.onlyLocalProvenance || other.onlyLocalProvenance,
});
