import type { HeldBack } from './held-back.ts';

/** How a watch finds out what must be held back, whom it tells, and how often, ms. */
interface HoldBackWatchSettings {
  readonly find: () => Promise<readonly HeldBack[]>;
  readonly tell: (held: readonly HeldBack[] | 'unknown') => Promise<void>;
  readonly every: number;
}

/**
 * Tells the sweep again and again what to hold back. It may be told late: work on documents goes forward, so that an older
 * answer holds back more. Only work that somebody has just ordered is not in it, and that begins with what has not expired.
 */
export class HoldBackWatch {
  private readonly of: HoldBackWatchSettings;
  private next: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(of: HoldBackWatchSettings) {
    this.of = of;
  }

  start(): void {
    void this.look().then(() => {
      if (this.stopped) return;
      this.next = setTimeout(() => {
        this.start();
      }, this.of.every).unref();
    });
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.next);
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
