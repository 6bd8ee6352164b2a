import type { UnixMillis } from '@keyserver/time';

/** One export: which keys, how often, where to, signed by whom. */
export interface ExportConfig {
  /** [a-z0-9-]{1,40}, chosen by the operator. */
  readonly id: string;
  readonly bucket: string;
  /** Prefix of all object names of this export. */
  readonly filenameRoot: string;
  /** Milliseconds; whole seconds, at most a day, divides a day. */
  readonly period: number;
  /** The region that the files name. */
  readonly outputRegion: string;
  /** Upper case; empty means [outputRegion]. */
  readonly inputRegions: readonly string[];
  readonly excludeRegions: readonly string[];
  /** Also keys of travelers from any region. Excludes onlyNonTravelers. */
  readonly includeTravelers: boolean;
  readonly onlyNonTravelers: boolean;
  readonly from: UnixMillis;
  /** The midnight at which it ends. */
  readonly thru: UnixMillis | undefined;
  /** Ids of signing keys (SigningKey.id), at most 10. */
  readonly signingKeys: readonly string[];
  /** Padding floor: what no subtraction of files takes apart has at least so many keys, or none. */
  readonly minRecords: number;
  /** Up to so many more, drawn at random. */
  readonly paddingRange: number;
  /** A file holds at most so many keys; more are split. */
  readonly maxRecords: number;
  /** Whether there are files of generated keys also where nobody published. */
  readonly padEmpty: boolean;
}

/** A signing key as phones know it, and where it is kept. */
export interface SigningKey {
  readonly id: string;
  /** What FindSigner takes. */
  readonly signingKey: string;
  /** verification_key_id of the files, by convention the mobile country code. */
  readonly keyId: string;
  /** verification_key_version of the files. */
  readonly keyVersion: string;
  readonly from: UnixMillis;
  /** Signs while store time is before it. */
  readonly thru: UnixMillis | undefined;
}

/** The regions that an export takes keys from. */
export const inputRegionsOf = (
  config: Pick<ExportConfig, 'inputRegions' | 'outputRegion'>,
): readonly string[] => [
  ...new Set(config.inputRegions.length === 0 ? [config.outputRegion] : config.inputRegions),
];

/** Whether a key signs at a time. */
export const isInForce = (
  { from, thru }: Pick<SigningKey, 'from' | 'thru'>,
  now: UnixMillis,
): boolean => from <= now && (thru === undefined || now < thru);

/** The keys that sign at a time, in the order of their signatures: newest first, as some phones read only the first. */
export const signingAt = (keys: readonly SigningKey[], now: UnixMillis): readonly SigningKey[] =>
  keys
    .filter((key) => isInForce(key, now))
    .sort((a, b) => b.from - a.from || (a.id < b.id ? 1 : -1));
