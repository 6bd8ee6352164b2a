import { type KeyBatch, RECORD_BYTES, compareKeys, orderByKey } from '@keyserver/exposure-keys';

/** Records of one kind, sorted by key, all copies of a key beside each other and the one that counts first. */
export interface PackedRecords {
  readonly records: Buffer;
  /** For each record the number of its group, and `REPEATED` added where it has the key of the one before. */
  readonly groups: Uint32Array;
}

/** Marks a copy of the key before it. */
export const REPEATED = 0x8000_0000;

/** Which of two copies of a key comes first: below 0 that of `a`; 0 leaves it to the moment of their release. */
export type CompareCopies = (records: Buffer, a: number, b: number) => number;

type Source = Pick<KeyBatch, 'id' | 'window'> & { readonly group: number };

const CHUNK_RECORDS = 1 << 14;
const FIRST_BYTES = 256;

interface Chunk {
  readonly records: Buffer;
  /** For each record the number of its source. */
  readonly sources: Uint32Array;
  count: number;
}

/**
 * Records of many documents, collected in chunks, so that none is copied while more come. Sorting moves them into their final
 * place by their first byte, and sorts one byte's share after the other: besides chunks and outcome it needs next to nothing.
 */
export class RecordPile {
  private chunks: Chunk[] = [];
  private readonly sources: Source[] = [];
  private readonly ofFirstByte = new Uint32Array(FIRST_BYTES);

  /** Adds the records of a document. */
  add({ id, window, records }: KeyBatch, group: number): void {
    if (records.length % RECORD_BYTES !== 0) throw new RangeError('stored keys of a broken length');
    const source = this.sources.push({ id, window, group }) - 1;
    for (let from = 0; from < records.length;) {
      const chunk = this.chunkWithRoom();
      const count = Math.min(CHUNK_RECORDS - chunk.count, (records.length - from) / RECORD_BYTES);
      const to = from + count * RECORD_BYTES;
      chunk.records.set(records.subarray(from, to), chunk.count * RECORD_BYTES);
      chunk.sources.fill(source, chunk.count, chunk.count + count);
      chunk.count += count;
      from = to;
    }
    for (let at = 0; at < records.length; at += RECORD_BYTES) add(this.ofFirstByte, records[at], 1);
  }

  /** All records in order; the pile is empty then. What was released first counts among copies of a key, unless `before` knows better. */
  sorted(before: CompareCopies): PackedRecords {
    const count = this.ofFirstByte.reduce((sum, one) => sum + one, 0);
    const records = Buffer.allocUnsafeSlow(count * RECORD_BYTES);
    const sources = new Uint32Array(count);
    this.scatter(records, sources);
    const share = new Share(this.sources, before);
    let from = 0;
    for (const size of this.ofFirstByte) {
      const to = from + size;
      if (size > 0)
        share.sort(
          records.subarray(from * RECORD_BYTES, to * RECORD_BYTES),
          sources.subarray(from, to),
        );
      from = to;
    }
    this.ofFirstByte.fill(0);
    return { records, groups: sources };
  }

  private chunkWithRoom(): Chunk {
    const last = this.chunks.at(-1);
    if (last !== undefined && last.count < CHUNK_RECORDS) return last;
    const records = Buffer.allocUnsafeSlow(CHUNK_RECORDS * RECORD_BYTES);
    const chunk = { records, sources: new Uint32Array(CHUNK_RECORDS), count: 0 };
    this.chunks.push(chunk);
    return chunk;
  }

  /** Moves all records behind each other by their first byte; those with the same one stay in their order. */
  private scatter(records: Buffer, sources: Uint32Array): void {
    const next = new Uint32Array(FIRST_BYTES);
    for (let byte = 1; byte < FIRST_BYTES; byte++)
      next[byte] = (next[byte - 1] ?? 0) + (this.ofFirstByte[byte - 1] ?? 0);
    const words = wordsOf(records);
    for (const chunk of this.chunks.splice(0)) {
      const from = wordsOf(chunk.records);
      for (let n = 0; n < chunk.count; n++) {
        const to = add(next, chunk.records[n * RECORD_BYTES], 1);
        copyRecord(from, n, words, to);
        sources[to] = chunk.sources[n] ?? 0;
      }
    }
  }
}

const WORDS = RECORD_BYTES / Uint32Array.BYTES_PER_ELEMENT;

const wordsOf = ({ buffer, byteOffset, length }: Buffer): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length / Uint32Array.BYTES_PER_ELEMENT);

function copyRecord(from: Uint32Array, n: number, to: Uint32Array, at: number): void {
  const [source, target] = [n * WORDS, at * WORDS];
  for (let word = 0; word < WORDS; word++) to[target + word] = from[source + word] ?? 0;
}

/** Adds to a number of a table and gives what it was. */
function add(table: Uint32Array, at: number | undefined, by: number): number {
  const was = table[at ?? 0] ?? 0;
  table[at ?? 0] = was + by;
  return was;
}

/** Sorts records that fit into the cache, in the memory where they are. */
class Share {
  private readonly sources: readonly Source[];
  private readonly groups: Uint32Array;
  private readonly before: CompareCopies;

  constructor(sources: readonly Source[], before: CompareCopies) {
    this.sources = sources;
    this.groups = Uint32Array.from(sources, ({ group }) => group);
    this.before = before;
  }

  /** Puts records in order, and in the place of the source of each its group. */
  sort(records: Buffer, sources: Uint32Array): void {
    const pile = Buffer.allocUnsafeSlow(records.length);
    records.copy(pile);
    const sourceOf = Uint32Array.from(sources);
    const order = orderByKey(pile);
    const [from, to] = [wordsOf(pile), wordsOf(records)];
    for (let first = 0; first < order.length;) {
      const next = endOfCopies(pile, order, first);
      if (next - first > 1) this.orderCopies(pile, order.subarray(first, next), sourceOf);
      for (let at = first; at < next; at++) {
        const n = order[at] ?? 0;
        copyRecord(from, n, to, at);
        sources[at] = (this.groups[sourceOf[n] ?? 0] ?? 0) + (at > first ? REPEATED : 0);
      }
      first = next;
    }
  }

  private orderCopies(pile: Buffer, copies: Uint32Array, sourceOf: Uint32Array): void {
    const source = (n: number): Source | undefined => this.sources[sourceOf[n] ?? 0];
    copies.sort((a, b) => this.before(pile, a, b) || releasedEarlier(source(a), source(b)));
  }
}

function endOfCopies(records: Buffer, order: Uint32Array, first: number): number {
  let next = first + 1;
  while (next < order.length && compareKeys(records, order[first] ?? 0, order[next] ?? 0) === 0)
    next++;
  return next;
}

/** Two of one window are told apart by their ids, so that the answer is the same in whatever order they were read. */
function releasedEarlier(a: Source | undefined, b: Source | undefined): number {
  if (a === undefined || b === undefined) throw new RangeError('no such record');
  return a.window - b.window || (a.id < b.id ? -1 : 1);
}
