import {
  type KeyBatch,
  RECORD,
  RECORD_BYTES,
  REPORT_TYPE_CODE,
  compareKeys,
  orderByKey,
} from '@keyserver/exposure-keys';
import type { RecordKind } from './position.ts';
import type { KeyGroup } from './reading.ts';

/** Records of one kind, sorted by key, all copies of a key beside each other and the one that counts first. */
export interface PackedRecords {
  readonly records: Buffer;
  /** For each record the number of its group, and `REPEATED` added where it has the key of the one before. */
  readonly groups: Uint32Array;
}

/** Marks a copy of the key before it. */
export const REPEATED = 0x8000_0000;

/** All keys of a unit that anybody may be given, in packed form: no object for a key. */
export interface PackedUnit {
  readonly groups: readonly KeyGroup[];
  readonly lists: Readonly<Record<RecordKind, PackedRecords>>;
  /** How much memory it takes, nearly. */
  readonly bytes: number;
}

const GROUP_BYTES = 256;

/** Collects the documents of a unit, which come in any order; the outcome depends on nothing but the set of them. */
export async function packUnit(documents: AsyncIterable<readonly KeyBatch[]>): Promise<PackedUnit> {
  const groups = new Groups();
  const piles = { primary: new Pile(), revision: new Pile() };
  for await (const page of documents)
    for (const batch of page) piles[batch.kind].add(batch, groups.numberOf(batch));
  const lists = {
    primary: piles.primary.sorted(() => 0),
    revision: piles.revision.sorted(revocationFirst),
  };
  const records = lists.primary.groups.length + lists.revision.groups.length;
  const bytes = records * (RECORD_BYTES + 4) + groups.all.length * GROUP_BYTES;
  return { groups: groups.all, lists, bytes };
}

/** Of several revisions of a key the one that takes it back counts, since nothing may hide it. */
const revocationFirst = (records: Buffer, a: number, b: number): number =>
  Number(revokes(records, b)) - Number(revokes(records, a));

const revokes = (records: Buffer, n: number): boolean =>
  records[n * RECORD_BYTES + RECORD.reportType] === REPORT_TYPE_CODE.negative;

/** Documents that say the same of their keys are one group. */
class Groups {
  readonly all: KeyGroup[] = [];
  private readonly numbers = new Map<string, number>();

  numberOf({ regions, traveler, origin, authority }: KeyBatch): number {
    const isLocal = origin === 'local' || origin === 'padding';
    const authorityName = authority?.name ?? '';
    const id = JSON.stringify([regions, traveler, isLocal, authorityName]);
    const known = this.numbers.get(id);
    if (known !== undefined) return known;
    this.numbers.set(id, this.all.length);
    return this.all.push({ regions, traveler, isLocal, authorityName }) - 1;
  }
}

type Source = Pick<KeyBatch, 'id' | 'window'> & { readonly group: number };

const START_RECORDS = 1024;

/** Records of many documents one after another. */
class Pile {
  private records = Buffer.allocUnsafeSlow(START_RECORDS * RECORD_BYTES);
  private sourceOf = new Uint32Array(START_RECORDS);
  private count = 0;
  private readonly sources: Source[] = [];

  add({ id, window, records }: KeyBatch, group: number): void {
    if (records.length % RECORD_BYTES !== 0) throw new RangeError('stored keys of a broken length');
    const more = records.length / RECORD_BYTES;
    this.reserve(this.count + more);
    this.records.set(records, this.count * RECORD_BYTES);
    this.sourceOf.fill(this.sources.length, this.count, this.count + more);
    this.sources.push({ id, window, group });
    this.count += more;
  }

  /** What was released first counts among copies of a key, unless `before` knows better. */
  sorted(before: (records: Buffer, a: number, b: number) => number): PackedRecords {
    const pile = this.records.subarray(0, this.count * RECORD_BYTES);
    const order = orderByKey(pile);
    const repeats = this.orderCopies(pile, order, before);
    const records = Buffer.allocUnsafeSlow(pile.length);
    const groups = new Uint32Array(this.count);
    order.forEach((n, at) => {
      pile.copy(records, at * RECORD_BYTES, n * RECORD_BYTES, (n + 1) * RECORD_BYTES);
      groups[at] = this.source(n).group + (repeats.has(at) ? REPEATED : 0);
    });
    return { records, groups };
  }

  /** Puts the copies of each key in order, and gives the places of all but the first of each. */
  private orderCopies(
    pile: Buffer,
    order: Uint32Array,
    before: (records: Buffer, a: number, b: number) => number,
  ): ReadonlySet<number> {
    const repeats = new Set<number>();
    for (let from = 0; from < order.length;) {
      let to = from + 1;
      while (to < order.length && compareKeys(pile, order[from] ?? 0, order[to] ?? 0) === 0)
        repeats.add(to++);
      if (to - from > 1)
        order
          .subarray(from, to)
          .sort((a, b) => before(pile, a, b) || releasedEarlier(this.source(a), this.source(b)));
      from = to;
    }
    return repeats;
  }

  private source(n: number): Source {
    const source = this.sources[this.sourceOf[n] ?? 0];
    if (source === undefined) throw new RangeError('no such record');
    return source;
  }

  private reserve(count: number): void {
    if (count <= this.sourceOf.length) return;
    const size = Math.max(this.sourceOf.length * 2, count);
    const grown = Buffer.allocUnsafeSlow(size * RECORD_BYTES);
    this.records.copy(grown, 0, 0, this.count * RECORD_BYTES);
    const sources = new Uint32Array(size);
    sources.set(this.sourceOf.subarray(0, this.count));
    [this.records, this.sourceOf] = [grown, sources];
  }
}

/** Two of one window are told apart by their ids, so that the answer is the same in whatever order they were read. */
const releasedEarlier = (a: Source, b: Source): number =>
  a.window - b.window || (a.id < b.id ? -1 : 1);
