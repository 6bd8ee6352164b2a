import type { UnixMillis } from '@keyserver/time';

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
