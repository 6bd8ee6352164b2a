import { type DocumentStore, collection, int } from '@keyserver/docstore';
import { DAY, type UnixMillis, floorTo } from '@keyserver/time';
import { appDocumentId } from './app-document-id.ts';

/** Keys that instances have drawn of an application's allowance of one UTC day; the document id is that of the application. */
export const dailyKeys = collection({
  name: 'dailyKeys',
  fields: { day: int(), drawn: int(), expireAt: int() },
  expiry: 'expireAt',
});

/** What an instance gets of an allowance. */
export interface DrawnKeys {
  readonly keys: number;
  /** The day of store time of whose allowance they are. */
  readonly day: UnixMillis;
  /** How long that day goes on, ms. */
  readonly restOfDay: number;
}

/** Draws the keys that are `needed`, as far as there are any left today, and as many of `ahead` as leave enough to others. */
export type DrawKeys = (wanted: {
  readonly app: string;
  /** Keys that the application may publish in a day. */
  readonly ceiling: number;
  readonly needed: number;
  readonly ahead: number;
}) => Promise<DrawnKeys>;

/** What is drawn ahead is at most so large a part of what is left, so that one instance does not leave the others without. */
const PART_AHEAD = 10;

/**
 * Draws from the allowance of an application's day, in store time. What is drawn counts as published: whoever dies with it
 * leaves it unused, so that the ceiling is never exceeded. A transaction whose outcome is lost may draw twice.
 */
export function drawDailyKeys(store: DocumentStore): DrawKeys {
  return async ({ app, ceiling, needed, ahead }) =>
    await store.transact(async (tx) => {
      const id = appDocumentId(app);
      const [stored] = await tx.get(dailyKeys, [id]);
      const day = floorTo(tx.now, DAY);
      const drawn = stored !== undefined && stored.day >= day ? stored.drawn : 0;
      const left = Math.max(0, ceiling - drawn);
      const spare = Math.floor(Math.max(0, left - needed) / PART_AHEAD);
      const keys = Math.min(needed, left) + Math.min(ahead, spare);
      if (keys > 0) tx.set(dailyKeys, id, { day, drawn: drawn + keys, expireAt: day + 2 * DAY });
      return { keys, day, restOfDay: day + DAY - tx.now };
    });
}
