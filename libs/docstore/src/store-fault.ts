/** Why the store could not do its work. */
export type StoreFaultReason =
  | 'unavailable' // away, closed, or broken
  | 'contended' // other writers won too often
  | 'clock' // this machine's clock and store time are too far apart
  | 'refused' // a limit or a precondition: create of an existing document
  | 'full' // the disk is full: nothing is written until there is room
  | 'damaged'; // what is stored cannot be read any more

/**
 * What an engine says about a fault, for whoever has to mend it. All of it is fixed or configured: never put anything here
 * that comes out of a document or from a client, because it is logged.
 */
export interface FaultDetails {
  /** The engine's name for what happened, such as SQLITE_CORRUPT or PERMISSION_DENIED. */
  readonly code?: string;
  /** The same as the engine counts it. */
  readonly number?: number;
  /** The sentence that the engine always has for this number. */
  readonly text?: string;
  /** The collection, table or index that was used. */
  readonly object?: string;
  /** The file or the database. */
  readonly path?: string;
}

// The words of `GET /health`, which this package does not know by type.
const PROBLEM = {
  unavailable: 'store_unavailable',
  contended: 'store_unavailable',
  clock: 'clock',
  refused: 'fault',
  full: 'disk_full',
  damaged: 'store_damaged',
} as const satisfies Record<StoreFaultReason, string>;

/** The store could not do what was asked; nothing was written, unless the reason is `unavailable` in the middle of a commit. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly reason: StoreFaultReason;
  readonly details: FaultDetails;
  constructor(
    reason: StoreFaultReason,
    message: string,
    options: ErrorOptions & { readonly details?: FaultDetails } = {},
  ) {
    super(message, options);
    this.reason = reason;
    this.details = options.details ?? {};
  }

  /** What health calls a store that fails so. */
  get problem(): (typeof PROBLEM)[StoreFaultReason] {
    return PROBLEM[this.reason];
  }
}
