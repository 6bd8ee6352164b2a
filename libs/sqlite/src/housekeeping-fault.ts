/** What a store does for itself: keep watch over the clock, delete what has expired. */
export type HousekeepingTask = 'time' | 'sweep';

/** A piece of housekeeping that did not succeed when it was last tried. */
export interface HousekeepingFault {
  readonly task: HousekeepingTask;
  /** The collection that it was about; empty for the store as a whole. */
  readonly collection: string;
  /** SQLite's extended result code; 0 for anything else. */
  readonly code: number;
}
