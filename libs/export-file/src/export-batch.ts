import type { UnixMillis } from '@keyserver/time';
import type { ExportConfig } from './export-config.ts';

/** Every state of a batch; `ExportBatch` says what each means. */
export const BATCH_STATES = [
  ...(['open', 'stored', 'complete', 'retired', 'deleted', 'empty', 'skipped'] as const),
] as const;

/** A signer as frozen on a batch. */
export interface FrozenSigner {
  readonly id: string;
  readonly signingKey: string;
  readonly keyId: string;
  readonly keyVersion: string;
}

/** What makes every attempt at a batch give the same export.bin. */
export interface Frozen {
  /** SHA-256, hex, over the ids of the generated documents that belong to the batch. */
  readonly generated: string;
  /** Newest first. */
  readonly signers: readonly FrozenSigner[];
  readonly maxRecords: number;
  /** The order of keys in a file and the encoder that wrote it. */
  readonly encoder: string;
}

/** A file of a finished batch. */
export interface ExportFile {
  /** Full object name. */
  readonly name: string;
  /** SHA-256 of export.bin, hex. */
  readonly digest: string;
  readonly keys: number;
}

/**
 * A batch of one export: the closed windows [start, end) under the config as it was when the batch was cut.
 * open (to be worked on; leased while leaseExpires is ahead), stored (files recorded, not yet all listed), complete
 * (listed), retired (past its time in the index, which does not name it any more; its files wait for caches), deleted (files
 * gone), empty (no keys, no files), skipped (given up by an operator; counts as finished).
 */
export interface ExportBatch {
  readonly id: string;
  readonly config: ExportConfig;
  readonly start: UnixMillis;
  readonly end: UnixMillis;
  readonly state: (typeof BATCH_STATES)[number];
  /** Added to both seconds in file names; grows when the frozen content can no longer be made. */
  readonly attempt: number;
  /** Counts leases; a worker may write only while it is still its own. */
  readonly fence: number;
  readonly leaseExpires: UnixMillis;
  readonly frozen: Frozen | undefined;
  readonly files: readonly ExportFile[];
}
