import { MINUTE } from '@keyserver/time';
import type { Random } from '@keyserver/random';
import type { Database, Meta } from './database.ts';

const SILENT_AFTER = MINUTE;
const IDS = 2 ** 40;

/**
 * Which process of a store merges runs: one at a time, and another only when the count of merges has stood still for a
 * minute. Each process measures that minute by itself, so clocks that differ cannot make two of them take turns, each giving
 * up what the other had begun.
 */
export class MergeTurn {
  private readonly database: Database;
  private readonly self: number;
  private readonly passed: () => number;
  private seen: { readonly merges: number; readonly at: number } | undefined;

  /** `passed` gives the ms that have passed since some moment. */
  constructor(database: Database, random: Random, passed = (): number => performance.now()) {
    this.database = database;
    this.passed = passed;
    this.self = 1 + random.below(IDS);
  }

  isOurs(meta: Meta): boolean {
    return meta.merger === this.self;
  }

  /** Whether this process may merge: it does already, nobody ever did, or who did is silent. */
  mayTake(meta: Meta): boolean {
    if (this.isOurs(meta) || meta.merger === 0) return true;
    const now = this.passed();
    if (this.seen?.merges !== meta.merges) this.seen = { merges: meta.merges, at: now };
    return now - this.seen.at > SILENT_AFTER;
  }

  /** Notes that this process has merged; inside the write lock. */
  take(): void {
    const meta = this.database.meta();
    this.database.setMeta({ ...meta, merger: this.self, merges: meta.merges + 1 });
  }
}
