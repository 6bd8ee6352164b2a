import { type KeyBatch, RECORD, RECORD_BYTES, REPORT_TYPE_CODE } from '@keyserver/exposure-keys';
import type { RecordKind } from './position.ts';
import type { KeyGroup } from './reading.ts';
import { type CompareCopies, type PackedRecords, RecordPile } from './record-pile.ts';

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
  const piles = { primary: new RecordPile(), revision: new RecordPile() };
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
const revocationFirst: CompareCopies = (records, a, b) =>
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
