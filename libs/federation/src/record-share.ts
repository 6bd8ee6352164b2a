import {
  KEY_BYTES,
  type KeyBatch,
  RECORD_BYTES,
  compareKeys,
  orderByKey,
} from '@keyserver/exposure-keys';
import type { Place, RecordKind } from './position.ts';

/** Records sorted by key, all copies of a key beside each other and the one that counts first. */
export interface PackedRecords {
  readonly records: Buffer;
  /** For each record the number of its group, and `REPEATED` added where it has the key of the one before. */
  readonly groups: Uint32Array;
}

/** Marks a copy of the key before it. */
export const REPEATED = 0x8000_0000;

/** The place of one of them. */
export const placeOf = (kind: RecordKind, { records }: PackedRecords, n: number): Place => ({
  kind,
  key: Uint8Array.from(records.subarray(n * RECORD_BYTES, n * RECORD_BYTES + KEY_BYTES)),
});

/** Which of two copies of a key comes first: below 0 that of `a`; 0 leaves it to the moment of their release. */
export type CompareCopies = (records: Buffer, a: number, b: number) => number;

/** What is noted with each record of its document, in words: its group, when it was released, and how its id begins. */
const TAG_WORDS = 5;
const TIME_WORD = 2 ** 32;

/**
 * The note of a document. Of an id the first eight characters count, of 62 each: two copies of a key in one window agree in them
 * by chance once in 2^47 times, and a note that held whole ids would be as large as the record.
 */
export function tagOf({ id, window }: Pick<KeyBatch, 'id' | 'window'>, group: number): Uint32Array {
  const begins = Buffer.alloc(2 * WORD_BYTES);
  begins.write(id, 'latin1');
  const [first, second] = [begins.readUInt32BE(), begins.readUInt32BE(WORD_BYTES)];
  return Uint32Array.of(group, Math.floor(window / TIME_WORD), window % TIME_WORD, first, second);
}

const WORD_BYTES = Uint32Array.BYTES_PER_ELEMENT;
const RECORD_WORDS = RECORD_BYTES / WORD_BYTES;
const [FIRST_CHUNK, CHUNK_RECORDS] = [8, 256] as const;

/** Records and their notes, as words. */
interface Words {
  readonly records: Uint32Array;
  readonly tags: Uint32Array;
}

interface Chunk extends Words {
  count: number;
}

const wordsFor = (records: number): Words => ({
  records: new Uint32Array(records * RECORD_WORDS),
  tags: new Uint32Array(records * TAG_WORDS),
});

/** Records whose keys begin with one byte, as they came. It grows by chunks, so that none is copied while more come. */
export class RecordShare {
  count = 0;
  private chunks: Chunk[] = [];

  /** Adds the record of that number. */
  add(records: Uint32Array, n: number, tag: Uint32Array): void {
    const chunk = this.chunkWithRoom();
    copyRecord(records, n, chunk.records, chunk.count);
    copyTag(tag, 0, chunk.tags, chunk.count);
    chunk.count++;
    this.count++;
  }

  /** Keeps the lower half of the keys with all their copies, and gives the first key that is gone; undefined while there is but one key. */
  halve(): Uint8Array | undefined {
    const all = this.gathered();
    const bytes = bytesOf(all.records);
    const order = orderByKey(bytes);
    const cut = cutBetweenKeys(bytes, order);
    if (cut === undefined) return undefined;
    const kept = wordsFor(cut);
    for (const [at, n] of order.subarray(0, cut).entries()) {
      copyRecord(all.records, n, kept.records, at);
      copyTag(all.tags, n, kept.tags, at);
    }
    this.chunks = [{ ...kept, count: cut }];
    this.count = cut;
    const gone = (order[cut] ?? 0) * RECORD_BYTES;
    return Uint8Array.from(bytes.subarray(gone, gone + KEY_BYTES));
  }

  /** Writes its records in order into packed ones, from a number on; it is empty then. */
  sortInto(packed: PackedRecords, first: number, before: CompareCopies): void {
    const { records, tags } = this.gathered();
    this.chunks = [];
    this.count = 0;
    const bytes = bytesOf(records);
    const order = orderByKey(bytes);
    const target = wordsOf(packed.records);
    for (let from = 0; from < order.length;) {
      const next = endOfCopies(bytes, order, from);
      if (next - from > 1)
        order.subarray(from, next).sort((a, b) => before(bytes, a, b) || compareTags(tags, a, b));
      for (let at = from; at < next; at++) {
        const n = order[at] ?? 0;
        copyRecord(records, n, target, first + at);
        packed.groups[first + at] = (tags[n * TAG_WORDS] ?? 0) + (at > from ? REPEATED : 0);
      }
      from = next;
    }
  }

  private chunkWithRoom(): Chunk {
    const last = this.chunks.at(-1);
    const room = last === undefined ? 0 : last.tags.length / TAG_WORDS - last.count;
    if (last !== undefined && room > 0) return last;
    const size = Math.min(CHUNK_RECORDS, Math.max(FIRST_CHUNK, this.count));
    const chunk = { ...wordsFor(size), count: 0 };
    this.chunks.push(chunk);
    return chunk;
  }

  private gathered(): Words {
    const all = wordsFor(this.count);
    let at = 0;
    for (const { records, tags, count } of this.chunks) {
      all.records.set(records.subarray(0, count * RECORD_WORDS), at * RECORD_WORDS);
      all.tags.set(tags.subarray(0, count * TAG_WORDS), at * TAG_WORDS);
      at += count;
    }
    return all;
  }
}

const wordsOf = ({ buffer, byteOffset, length }: Buffer): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length / WORD_BYTES);

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

function copyRecord(from: Uint32Array, n: number, to: Uint32Array, at: number): void {
  const [source, target] = [n * RECORD_WORDS, at * RECORD_WORDS];
  for (let word = 0; word < RECORD_WORDS; word++) to[target + word] = from[source + word] ?? 0;
}

function copyTag(from: Uint32Array, n: number, to: Uint32Array, at: number): void {
  const [source, target] = [n * TAG_WORDS, at * TAG_WORDS];
  for (let word = 0; word < TAG_WORDS; word++) to[target + word] = from[source + word] ?? 0;
}

/** By the moment of their release, and those of one window by their ids, so that it is the same in whatever order they were read. */
function compareTags(tags: Uint32Array, a: number, b: number): number {
  for (let word = 1; word < TAG_WORDS; word++) {
    const difference = (tags[a * TAG_WORDS + word] ?? 0) - (tags[b * TAG_WORDS + word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function endOfCopies(records: Buffer, order: Uint32Array, first: number): number {
  let next = first + 1;
  while (next < order.length && compareKeys(records, order[first] ?? 0, order[next] ?? 0) === 0)
    next++;
  return next;
}

/** The place nearest behind the middle, or else before it, between two different keys. */
function cutBetweenKeys(records: Buffer, order: Uint32Array): number | undefined {
  const middle = order.length >>> 1;
  const behind = endOfCopies(records, order, middle);
  if (behind < order.length) return behind;
  let before = middle;
  while (before > 0 && compareKeys(records, order[before - 1] ?? 0, order[middle] ?? 0) === 0)
    before--;
  return before === 0 ? undefined : before;
}
