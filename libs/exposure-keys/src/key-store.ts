import type { UnixMillis } from '@keyserver/time';
import type { ExposureKey, RevisableKey } from './key.ts';

/** Which authority verified an upload. */
export interface VerifiedBy {
  readonly id: number;
  readonly name: string;
}

/** The id of every authority of another server, which is known by its name alone; authorities here count from 1. */
export const FOREIGN_AUTHORITY = 0;

/** The counts of one accepted upload, kept per authority and hour; never anything about a single key. */
export interface UploadStatistics {
  readonly platform: 'unknown' | 'android' | 'ios';
  /** UTC days from the oldest surviving key's start to now, capped at 15; undefined when negative. */
  readonly oldestKeyDays: number | undefined;
  /** UTC days from symptom onset to now, capped at 29; 'missing' when onset was assumed; undefined when negative. */
  readonly onsetDays: number | 'missing' | undefined;
}

/** Keys of one upload that passed validation, and what is stored with them. */
export interface Upload {
  readonly keys: readonly ExposureKey[];
  /** Upper case, at least one. */
  readonly regions: readonly string[];
  readonly traveler: boolean;
  /** The application's id, lower case. */
  readonly app: string;
  readonly authority: VerifiedBy | undefined;
  /** What the client sent as its revision token. */
  readonly token: UploadToken;
  /** Whether the application may change the report type of its keys without a token that holds them. */
  readonly bypassToken: boolean;
  readonly statistics: UploadStatistics;
  /** Whether its application may publish no more keys today: then it is refused if it would publish any. */
  readonly ceilingReached?: boolean;
}

/** Nothing usable, something that this server cannot open, or the keys that a token holds. */
export type UploadToken = 'none' | 'unreadable' | readonly RevisableKey[];

/** Why an upload was refused by what is already stored. `internal_error` is what the reference says of a key whose start or period changed. */
export type UploadFault =
  | 'missing_revision_token'
  | 'invalid_revision_token'
  | 'key_already_revised'
  | 'invalid_report_type_transition'
  | 'ceiling_reached'
  | 'internal_error';

/** How an upload ended. */
export type UploadOutcome =
  | {
      readonly kind: 'stored';
      readonly inserted: number;
      readonly revised: number;
      /** Keys of the upload that belong into its new token, besides those that its token holds already. */
      readonly revisable: readonly RevisableKey[];
      /** Whether counts were written, though no key was: of a certificate that takes back keys which were never published. */
      readonly onlyCounted?: true;
    }
  | { readonly kind: 'refused'; readonly code: UploadFault };

/** One stored document of keys: same window, kind, origin, regions and authority. */
export interface KeyBatch {
  readonly id: string;
  /** Release time: the start of the window that these keys are exported in. */
  readonly window: UnixMillis;
  readonly kind: 'primary' | 'revision';
  readonly origin: 'local' | 'federated' | 'imported' | 'padding';
  /** For padding its cell and attempt; else the query or import it came from. */
  readonly sourceId: string;
  readonly regions: readonly string[];
  readonly traveler: boolean;
  /** The application's id. */
  readonly app: string;
  /** Who verified the upload; undefined without a certificate, and for keys of other servers that do not say. */
  readonly authority?: VerifiedBy | undefined;
  /** Packed records sorted by key. */
  readonly records: Uint8Array;
}

/** Takes in uploads. One call is one transaction; the same upload sent again after an unknown outcome stores nothing twice. */
export type StoreUpload = (upload: Upload) => Promise<UploadOutcome>;

/**
 * Reads all key batches whose window lies in [from, until), in no particular order. The caller makes sure that the
 * windows are closed. Keys past retention are never given. With `whole` nothing is given once a part of the span is past
 * retention: what is left of it may be fewer keys than padding promises.
 */
export type ReadKeyBatches = (windows: {
  readonly from: UnixMillis;
  readonly until: UnixMillis;
  readonly whole?: boolean;
}) => AsyncIterable<readonly KeyBatch[]>;
