import { KEY_BYTES, type KeyBatch, RECORD_BYTES } from '@keyserver/exposure-keys';
import type { Place, RecordKind } from './position.ts';
import { type CompareCopies, type PackedRecords, RecordShare, tagOf } from './record-share.ts';

/** What a pile collects of a unit: what stands behind a place, and of that the first records, at most so many. */
export interface SliceLimits {
  readonly after: Place | undefined;
  /** All copies of one key are kept together even if they are more. */
  readonly records: number;
}

/** A place by the number of its share, in the order of a unit. */
interface Edge {
  readonly share: number;
  readonly key: Uint8Array;
}

const BYTE_VALUES = 256;
/** Number of the first share of each kind. */
const FIRST_SHARE = { primary: 0, revision: BYTE_VALUES } as const;
const SHARES = 2 * BYTE_VALUES;
/** The least of all keys. */
const NO_KEY = new Uint8Array(KEY_BYTES);
/** A share that holds more than such a part of a full pile is halved and not dropped, so that much stays of the others. */
const LARGE_PART = 16;
/** Shares are packed together until there are so many records. */
const BLOCK_RECORDS = 4096;

/**
 * Collects the first records of a unit behind a place, from documents that come in any order, in memory for the records that it
 * keeps and no more: what is full drops its last ones, and takes none behind them from then on.
 */
export class RecordPile {
  private readonly limits: SliceLimits;
  private readonly from: Edge;
  private readonly shares: (RecordShare | undefined)[] = Array.from({ length: SHARES });
  /** Before it nothing was dropped. */
  private until: Edge = { share: SHARES, key: NO_KEY };
  private last = -1;
  private count = 0;

  constructor(limits: SliceLimits) {
    const { after } = limits;
    this.limits = limits;
    this.from = after === undefined ? { share: -1, key: NO_KEY } : edgeOf(after);
  }

  /** Whether there is more behind what it keeps. */
  get isCut(): boolean {
    return this.until.share < SHARES;
  }

  /** Adds the records of a document, as far as they are wanted. */
  add(batch: KeyBatch, group: number): void {
    const { kind, records } = batch;
    if (records.length % RECORD_BYTES !== 0) throw new RangeError('stored keys of a broken length');
    const aligned = new Uint8Array(records); // words need that
    const words = new Uint32Array(aligned.buffer);
    const tag = tagOf(batch, group);
    for (let n = 0; n < records.length / RECORD_BYTES; n++) {
      const share = FIRST_SHARE[kind] + (aligned[n * RECORD_BYTES] ?? 0);
      if (!this.wants(share, aligned, n)) continue;
      (this.shares[share] ??= new RecordShare()).add(words, n, tag);
      this.last = Math.max(this.last, share);
      this.count++;
    }
    while (this.count > this.limits.records && this.shrink());
  }

  /**
   * All records of a kind in order, in some pieces; the pile holds none of that kind then. What was released first counts among
   * copies of a key, unless `before` knows better.
   */
  sorted(kind: RecordKind, before: CompareCopies): readonly PackedRecords[] {
    const first = FIRST_SHARE[kind];
    const blocks: PackedRecords[] = [];
    let waiting: RecordShare[] = [];
    for (const [n, share] of this.shares.slice(first, first + BYTE_VALUES).entries()) {
      if (share !== undefined) waiting.push(share);
      this.shares[first + n] = undefined;
      if (sizeOf(waiting) < BLOCK_RECORDS) continue;
      blocks.push(blockOf(waiting, before));
      waiting = [];
    }
    return waiting.length === 0 ? blocks : [...blocks, blockOf(waiting, before)];
  }

  private wants(share: number, records: Uint8Array, n: number): boolean {
    const { from, until } = this;
    if (share > from.share && share < until.share) return true;
    if (share < from.share || share > until.share) return false;
    return (
      (share !== from.share || compareKey(records, n, from.key) > 0) &&
      (share !== until.share || compareKey(records, n, until.key) < 0)
    );
  }

  /** Drops the last records, all copies of a key or none; false when there is but one key. */
  private shrink(): boolean {
    const share = this.shares[this.last];
    if (share === undefined) return false;
    const { count } = share;
    const isLarge = count * LARGE_PART > this.limits.records;
    const gone = isLarge ? share.halve() : undefined;
    if (gone !== undefined) {
      this.until = { share: this.last, key: gone };
      this.count -= count - share.count;
      return true;
    }
    if (count === this.count) return false;
    this.until = { share: this.last, key: NO_KEY };
    this.shares[this.last] = undefined;
    this.count -= count;
    this.last = this.shares.findLastIndex((one) => one !== undefined);
    return true;
  }
}

const edgeOf = ({ kind, key }: Place): Edge => ({
  share: FIRST_SHARE[kind] + (key[0] ?? 0),
  key,
});

const compareKey = (records: Uint8Array, n: number, key: Uint8Array): number =>
  Buffer.compare(records.subarray(n * RECORD_BYTES, n * RECORD_BYTES + KEY_BYTES), key);

const sizeOf = (shares: readonly RecordShare[]): number =>
  shares.reduce((sum, { count }) => sum + count, 0);

/** Packs shares, which are let go one by one. */
function blockOf(shares: readonly RecordShare[], before: CompareCopies): PackedRecords {
  const size = sizeOf(shares);
  const packed = {
    records: Buffer.allocUnsafeSlow(size * RECORD_BYTES),
    groups: new Uint32Array(size),
  };
  let at = 0;
  for (const share of shares) {
    const { count } = share;
    share.sortInto(packed, at, before);
    at += count;
  }
  return packed;
}
