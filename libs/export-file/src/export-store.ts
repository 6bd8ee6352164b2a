import type { KeyBatch } from '@keyserver/exposure-keys';
import type { UnixMillis, WindowCalendar } from '@keyserver/time';
import type { BatchSpan } from './batch.ts';
import type { ExportBatch, ExportFile, Frozen } from './export-batch.ts';
import type { Progress } from './lateness.ts';
import type { ExportConfig, SigningKey } from './export-config.ts';

/** All exports, ended ones too, in no particular order. */
export type ListExports = () => Promise<readonly ExportConfig[]>;

/** The signing keys of these ids; unknown ones are left out. */
export type FindSigningKeys = (ids: readonly string[]) => Promise<readonly SigningKey[]>;

/** What a cut decides from: the export as it is configured now, and how far it has come, read in one transaction. */
interface CutState {
  readonly config: ExportConfig;
  readonly coveredUntil: UnixMillis | undefined;
  /** No window before it holds a key that may be exported, nor ever will. */
  readonly nothingBefore: UnixMillis;
  /** The release windows of keys. */
  readonly windows: WindowCalendar;
  /** Store time. */
  readonly now: UnixMillis;
}

/** What one cut did. */
export interface Cut {
  readonly created: number;
  /** How far the export has been cut; it outlives the batches. */
  readonly coveredUntil: UnixMillis | undefined;
}

/**
 * Creates the batches that `due` names and notes how far the export is covered, in one transaction. `due` may run twice.
 * An unknown export gives none.
 */
export type CutBatches = (
  configId: string,
  due: (state: CutState) => readonly BatchSpan[],
) => Promise<Cut>;

/** The open batches, in their turn, and who works on them. */
export interface BatchQueue {
  /**
   * Leases the first open batch that nobody holds and that `wants` agrees to; `before` are the open batches, held or not,
   * whose turn is earlier. Batches that others hold or win are passed over.
   */
  lease(options: {
    readonly lengthMs: number;
    readonly wants: (batch: ExportBatch, before: readonly ExportBatch[]) => boolean;
  }): Promise<ExportBatch | undefined>;
  /** The batch with a later end of its lease, or undefined when the lease was lost. */
  renew(batch: ExportBatch, lengthMs: number): Promise<ExportBatch | undefined>;
  /** Gives the batch back for others to work on at once; does nothing when the lease was lost. */
  release(batch: ExportBatch): Promise<void>;
  /** How many batches are open, counted up to `most`. */
  countOpen(most: number): Promise<number>;
}

/** What is decided once for a batch, and the padding that comes with it. */
export interface Freeze {
  /** The sequence of the batch's day that the decision rests on; the batch freezes with the next one. */
  readonly sequence: number;
  /** Generated keys, each document with that next sequence as its source. */
  readonly padding: readonly KeyBatch[];
  /** How many keys the batch has with it: whoever goes on with the rest of the padding must not draw that anew. */
  readonly padTo: number;
  readonly frozen: Frozen;
  readonly attempt: number;
}

/**
 * How a freeze went. Padded: one transaction cannot hold so much padding; a first part of it is stored, belongs to the day from
 * now on, and the batch is not frozen yet. Overtaken: another batch of the day was padded since the sequence was read.
 */
export type FreezeOutcome =
  | { readonly kind: 'frozen'; readonly batch: ExportBatch }
  | { readonly kind: 'padded'; readonly batch: ExportBatch; readonly padding: readonly KeyBatch[] }
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'lost' };

/** How a batch ends: with files, or without any key. */
export type BatchEnd =
  { readonly state: 'stored'; readonly files: readonly ExportFile[] } | { readonly state: 'empty' };

/** The steps of the one worker that holds a batch. Each is one transaction and does nothing once the lease was lost. */
export interface BatchWork {
  /** The padding sequence of the UTC day that a batch lies in; 0 before the first freeze of the day. */
  paddingSequence(batch: ExportBatch): Promise<number>;
  /** Stores the padding and the decisions together; or neither, but a first part of padding that is too much at once. */
  freeze(batch: ExportBatch, step: Freeze): Promise<FreezeOutcome>;
  /** Ends the batch; false when the lease was lost. */
  finish(batch: ExportBatch, end: BatchEnd): Promise<boolean>;
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
  /** Batches whose files are recorded and not known to be listed, in their turn, at most `most`. */
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
