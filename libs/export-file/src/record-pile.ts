import { type KeyBatch, RECORD_BYTES } from '@keyserver/exposure-keys';
import type { UnixMillis } from '@keyserver/time';

/** The document that a run of records came from. */
export interface Source {
  readonly id: string;
  readonly window: UnixMillis;
  readonly regions: readonly string[];
  readonly traveler: boolean;
  /** Number of its first record in the pile. */
  readonly first: number;
}

const START_RECORDS = 1024;

/** Packed records of many documents one after another, in one growing buffer, and where each came from. */
export class RecordPile {
  private buffer = Buffer.allocUnsafeSlow(START_RECORDS * RECORD_BYTES);
  private bytes = 0;
  private readonly sources: Source[] = [];

  add(batch: KeyBatch): void {
    const { id, window, regions, traveler, records } = batch;
    if (records.length === 0) return;
    if (records.length % RECORD_BYTES !== 0) throw new RangeError('stored keys of a broken length');
    this.reserve(records.length);
    this.sources.push({ id, window, regions, traveler, first: this.count });
    this.buffer.set(records, this.bytes);
    this.bytes += records.length;
  }

  /** Number of records. */
  get count(): number {
    return this.bytes / RECORD_BYTES;
  }

  /** All records; a view that is valid until the next `add`. */
  get records(): Buffer {
    return this.buffer.subarray(0, this.bytes);
  }

  /** The document that a record came from. */
  sourceOf(record: number): Source {
    let low = 0;
    let high = this.sources.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.sources[middle]?.first ?? Infinity) <= record) low = middle;
      else high = middle;
    }
    const source = this.sources[low];
    if (source === undefined || record >= this.count) throw new RangeError('no such record');
    return source;
  }

  private reserve(more: number): void {
    if (this.bytes + more <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.bytes + more));
    this.buffer.copy(grown, 0, 0, this.bytes);
    this.buffer = grown;
  }
}
