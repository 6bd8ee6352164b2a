import type { DocumentStore } from '@keyserver/docstore';
import { type Cancel, DAY, type Timers } from '@keyserver/time';

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

/** How a watch finds out what must be held back, whom it tells, and how often, ms. */
interface HoldBackWatchSettings {
  readonly find: () => Promise<readonly HeldBack[]>;
  readonly tell: (held: readonly HeldBack[] | 'unknown') => Promise<void>;
  readonly every: number;
  readonly timers: Timers;
}

/**
 * Tells the sweep again and again what to hold back. It may be told late: work on documents goes forward, so that an older
 * answer holds back more. Only work that somebody has just ordered is not in it, and that begins with what has not expired.
 */
export class HoldBackWatch {
  private readonly of: HoldBackWatchSettings;
  private cancel: Cancel = () => undefined;
  private stopped = false;

  constructor(of: HoldBackWatchSettings) {
    this.of = of;
  }

  start(): void {
    const { timers, every } = this.of;
    void this.look().then(() => {
      if (this.stopped) return;
      const again = (): void => {
        this.start();
      };
      this.cancel = timers.after(every, again, { unref: true });
    });
  }

  stop(): void {
    this.stopped = true;
    this.cancel();
  }

  private async look(): Promise<void> {
    const held = await this.of.find().catch(toldAsUnknown);
    if (!this.stopped) await this.of.tell(held).catch(storeIsGone);
  }
}

// The housekeeper reports it as a fault of the sweep.
const toldAsUnknown = (): 'unknown' => 'unknown';
// Whoever opened the store hears that from its connection.
const storeIsGone = (): void => undefined;
