import type { DocumentStore } from '@keyserver/docstore';
import { DAY } from '@keyserver/time';

/** How much longer than their expiry says documents stay that are held back; then they go all the same. */
export const LONGEST_HOLD = 7 * DAY;

/** Documents of a collection that are held back when they expire, because something has still to be done with them. */
export interface HeldBack {
  readonly collection: string;
  /** An indexed field of numbers; documents with `from` or more in it are held back. */
  readonly field: string;
  readonly from: number;
}

/** Finds out what must be held back. */
export type FindHeldBack = (store: DocumentStore) => Promise<readonly HeldBack[]>;
