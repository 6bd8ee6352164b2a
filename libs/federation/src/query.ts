import type { UnixMillis } from '@keyserver/time';

/** What is fetched from another server, and how, as it is configured. */
export interface FederationQuery {
  readonly id: string;
  /** `host` or `host:port`, lower case. */
  readonly server: string;
  /** What the identity token of a call is meant for. */
  readonly audience: string;
  /** `reference` where the partner runs the reference server, whose tokens must not be echoed; never guessed. */
  readonly partner: 'standard' | 'reference';
  /** Sent as they are; none asks for everything that the partner grants. */
  readonly includeRegions: readonly string[];
  readonly excludeRegions: readonly string[];
  readonly onlyTravelers: boolean;
  readonly onlyLocalProvenance: boolean;
  /** At most so many keys are asked for in one call. */
  readonly maxPageKeys: number;
  /** Whether keys that people reported themselves are taken, as likely ones. */
  readonly acceptSelfReport: boolean;
  /** Whether keys of the recursive report type are taken, as likely ones. */
  readonly acceptRecursive: boolean;
  readonly from: UnixMillis;
  readonly thru: UnixMillis | undefined;
}

/** Whether a query is to be asked at a time. */
export const isInForce = (
  { from, thru }: Pick<FederationQuery, 'from' | 'thru'>,
  now: UnixMillis,
): boolean => from <= now && (thru === undefined || now < thru);
