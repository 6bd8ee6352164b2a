import type { UnixMillis } from '@keyserver/time';

/** Whom the keys of a document are for and who published them: what says which files and pages they are in. */
export interface Audience {
  /** Upper case, at least one. */
  readonly regions: readonly string[];
  readonly traveler: boolean;
  /** The application's id. */
  readonly app: string;
  /** Who verified the upload; undefined without a certificate. */
  readonly authority?: { readonly id: number; readonly name: string } | undefined;
}

/** A stored document of keys as padding sees it: what one upload leaves in one window. */
export interface KeyDocument extends Audience {
  /** Start of the release window. */
  readonly window: UnixMillis;
  /** Packed records sorted by key, RECORD_BYTES each. */
  readonly records: Uint8Array;
}
