import type { UnixMillis } from '@keyserver/time';
import type { ExportBatch, ExportFile, Frozen } from './export-batch.ts';
import type { Progress } from './lateness.ts';
import type { ExportConfig, SigningKey } from './export-config.ts';

/** All exports, ended ones too, in no particular order. */
export type ListExports = () => Promise<readonly ExportConfig[]>;

/** The signing keys of these ids; unknown ones are left out. */
export type FindSigningKeys = (ids: readonly string[]) => Promise<readonly SigningKey[]>;

/** What one cut did. */
export interface Cut {
  /** Batches that are new. */
  readonly created: number;
  /** Whether more is due: on the next day, or beyond the limit. */
  readonly more: boolean;
}

/**
 * Creates the next batches of an export that are due, all of one day, by the plan of that day, and notes how far the export is
 * covered, in one transaction. An unknown export gives none.
 */
export type CutBatches = (
  configId: string,
  limits: {
    /** Age that a window must have before it is exported, ms. */
    readonly minWindowAge: number;
    /** At most so many batches. */
    readonly limit: number;
  },
) => Promise<Cut>;

/** Open pieces of work, such as batches, and who works on them. */
export interface WorkQueue<T> {
  /** Leases the oldest open piece that nobody holds and that `wants` agrees to. Those that others win are passed over. */
  lease(options: {
    readonly lengthMs: number;
    readonly wants: (piece: T) => boolean;
  }): Promise<T | undefined>;
  /** The piece with a later end of its lease, or undefined when the lease was lost. */
  renew(piece: T, lengthMs: number): Promise<T | undefined>;
  /** Gives the piece back for others to work on at once; does nothing when the lease was lost. */
  release(piece: T): Promise<void>;
  /** How many pieces are open, counted up to `most`. */
  countOpen(most: number): Promise<number>;
}

/** The open batches and who works on them. */
export type BatchQueue = WorkQueue<ExportBatch>;

/** How a freeze went. */
export type FreezeOutcome =
  | { readonly kind: 'frozen'; readonly batch: ExportBatch }
  | { readonly kind: 'lost' }
  /** The export waits for the end of a pause. */
  | { readonly kind: 'paused' };

/** How a batch ends: with files, or without any key. */
export type BatchEnd =
  { readonly state: 'stored'; readonly files: readonly ExportFile[] } | { readonly state: 'empty' };

/** The steps of the one worker that holds a batch. Each is one transaction and does nothing once the lease was lost. */
export interface BatchWork {
  /** Fixes what the files of an attempt depend on. */
  freeze(
    batch: ExportBatch,
    decided: { readonly attempt: number; readonly frozen: Frozen },
  ): Promise<FreezeOutcome>;
  /** Ends the batch; false when the lease was lost, `paused` while the export waits for the end of a pause. */
  finish(batch: ExportBatch, end: BatchEnd): Promise<boolean | 'paused'>;
}

/** A finished batch with files, as far as an index needs it. */
export interface IndexedBatch {
  readonly id: string;
  readonly config: Pick<ExportConfig, 'id' | 'bucket' | 'filenameRoot' | 'signingKeys'>;
  readonly start: UnixMillis;
  readonly end: UnixMillis;
  readonly state: 'stored' | 'complete';
  /** The ids of the keys that signed its files. */
  readonly signers: readonly string[];
  /** Full object names. */
  readonly names: readonly string[];
}

/** What the index of an export may name. */
export interface Listing<B = IndexedBatch> {
  /** Batches with files, oldest first, as far as every earlier batch of the export is finished. */
  readonly batches: readonly B[];
  /** Batches whose files were never listed and are not to be any more. */
  readonly expired: readonly B[];
  /** The unfinished batch that finished ones wait for. */
  readonly heldBackBy: ExportBatch | undefined;
}

/** A batch whose files are recorded. */
type Recorded = Pick<ExportBatch, 'id' | 'state'> & { readonly config: Pick<ExportConfig, 'id'> };

/** The finished batches and whether their files are listed. */
export interface BatchListing {
  /** How far the work on an export has come. */
  progressOf(configId: string): Promise<Progress>;
  /** What the index may name of the batches that start after `since`; a handful of documents, whatever their number. */
  indexed(configId: string, since: UnixMillis): Promise<Listing>;
  /** The same with all that is known of each batch, by reading them one by one. */
  listing(configId: string, since: UnixMillis): Promise<Listing<ExportBatch>>;
  /** Batches whose files are recorded and not known to be listed, oldest first, at most `most`. */
  unlisted(most: number): Promise<readonly ExportBatch[]>;
  /** Notes that all files of these batches are listed. */
  markListed(batches: readonly Recorded[]): Promise<void>;
}

/** Batches and file records of all exports. */
export interface ExportStore {
  readonly cutBatches: CutBatches;
  readonly queue: BatchQueue;
  readonly work: BatchWork;
  readonly listings: BatchListing;
}
