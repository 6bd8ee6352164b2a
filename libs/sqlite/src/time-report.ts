/** What a store and the clock of its machine say about time. */
export interface TimeReport {
  /** What the clock of this machine shows. */
  readonly wall: number;
  /** The latest store time that anybody was given. */
  readonly mark: number;
  /** Why the clock is doubted, in a sentence; undefined when it is believed. */
  readonly doubt: string | undefined;
  /** What mends it when the clock is right all the same. */
  readonly remedy: 'accept' | 'reset' | undefined;
}

/**
 * How an operator mends time: `accept` believes the clock of this machine, `reset` also brings store time back to it. What a
 * reset removes beforehand, in steps, is committed as `prepare-reset`, which leaves store time as it is.
 */
export type TimeMending = 'accept' | 'reset' | 'prepare-reset';
