import type { BackOff } from '@keyserver/retry';

/**
 * How long Firestore is waited for, in ms. An attempt of a transaction ends `transactMs + lockMs` (55 s) after its first
 * read at the latest. That is far below the 270 s after which the server ends it, so that a machine which stood still in
 * between is not the only thing that keeps a window closed.
 */
export interface CallLimits extends BackOff {
  /** One read outside transactions, with all its repetitions. */
  readonly readMs: number;
  /** One attempt of it. Such a read waits for nobody, so a second attempt is worth more than a long first one. */
  readonly attemptMs: number;
  /**
   * One commit, or one read of a transaction. Both may wait for a lock, which the server ends after 20 s with an answer; who
   * gives up earlier does not know what was written.
   * https://firebase.google.com/docs/firestore/manage-data/transactions#transaction_failure (lock deadline)
   */
  readonly lockMs: number;
  /** Until when new attempts of a transaction, or their commits, may begin. */
  readonly transactMs: number;
  /** Attempts of one transaction, or of one step of a bulk delete. */
  readonly attempts: number;
  /** How often one piece of work may find Firestore away or over quota. */
  readonly failures: number;
  /** After so long without a call a connection is not trusted any more. */
  readonly idleMs: number;
  /** A call that is not answered by then has its connection tried: it may wait for a lock, or for ever. */
  readonly suspectMs: number;
  /** How long the connection has for that. */
  readonly proveMs: number;
}

/** What phones and jobs are served with. */
export const USUAL_LIMITS: CallLimits = {
  readMs: 10_000,
  attemptMs: 4_000,
  lockMs: 25_000,
  transactMs: 30_000,
  attempts: 30,
  failures: 5,
  firstPauseMs: 200,
  longestPauseMs: 1_000,
  // Networks drop idle connections after 10 minutes, some after 6; many routers and firewalls after 4 or 5.
  idleMs: 180_000,
  suspectMs: 800,
  proveMs: 800,
};
