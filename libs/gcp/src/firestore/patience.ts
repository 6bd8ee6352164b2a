/**
 * How long Firestore is waited for, in ms. An attempt of a transaction ends `transactMs + commitMs` (45 s) after its first
 * read at the latest. That is far below the 270 s after which the server ends it, so that a machine which stood still in
 * between is not the only thing that keeps a window closed.
 */
export interface Patience {
  /** One read. */
  readonly readMs: number;
  /** One commit. Longer than a read: giving up on it leaves open what was written. */
  readonly commitMs: number;
  /** Until when new attempts of a transaction, or their commits, may begin. */
  readonly transactMs: number;
  /** Attempts of one transaction, or of one step of a bulk delete. */
  readonly attempts: number;
  /** How often one piece of work may find Firestore away or over quota. */
  readonly failures: number;
  /** The pause before a repetition is random, below a bound that doubles from the first of these to the second. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/** What phones and jobs are served with. */
export const USUAL_PATIENCE: Patience = {
  readMs: 10_000,
  commitMs: 15_000,
  transactMs: 30_000,
  attempts: 30,
  failures: 5,
  firstPauseMs: 200,
  longestPauseMs: 1_000,
};

/** The bound of the random pause after the n-th attempt (full jitter). */
export const pauseBound = (patience: Patience, attempt: number): number =>
  Math.min(patience.longestPauseMs, patience.firstPauseMs * 2 ** (attempt - 1));
