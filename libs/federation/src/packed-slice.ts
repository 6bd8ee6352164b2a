import { type KeyBatch, RECORD, RECORD_BYTES, REPORT_TYPE_CODE } from '@keyserver/exposure-keys';
import type { Place, RecordKind } from './position.ts';
import type { KeyGroup } from './reading.ts';
import { RecordPile, type SliceLimits } from './record-pile.ts';
import { type CompareCopies, type PackedRecords, placeOf } from './record-share.ts';

/**
 * Keys of a unit that anybody may be given, one after another from a place on, in packed form: no object for a key. A unit that
 * is not too large is one slice.
 */
export interface PackedSlice {
  readonly groups: readonly KeyGroup[];
  /** In order, in pieces of which none is empty. */
  readonly lists: Readonly<Record<RecordKind, readonly PackedRecords[]>>;
  /** Its last record, where the unit goes on behind it; undefined where the unit ends with it. */
  readonly end: Place | undefined;
  /** How much memory it takes, nearly. */
  readonly bytes: number;
}

/** What a packed record takes. */
export const PACKED_BYTES: number = RECORD_BYTES + Uint32Array.BYTES_PER_ELEMENT;
const GROUP_BYTES = 256;
const WHOLE: SliceLimits = { after: undefined, records: Infinity };

/**
 * Collects a slice from all documents of a unit, which come in any order. Their order may decide where the slice ends, but not
 * what it holds up to there: that depends on nothing but the set of them.
 */
export async function packSlice(
  documents: AsyncIterable<readonly KeyBatch[]>,
  limits: SliceLimits = WHOLE,
): Promise<PackedSlice> {
  const groups = new Groups();
  const pile = new RecordPile(limits);
  for await (const page of documents)
    for (const batch of page) pile.add(batch, groups.numberOf(batch));
  const lists = {
    primary: pile.sorted('primary', () => 0),
    revision: pile.sorted('revision', revocationFirst),
  };
  let records = 0;
  for (const list of [...lists.primary, ...lists.revision]) records += list.groups.length;
  const bytes = records * PACKED_BYTES + groups.all.length * GROUP_BYTES;
  return { groups: groups.all, lists, end: pile.isCut ? lastOf(lists) : undefined, bytes };
}

/** The last record; undefined where there is none. */
function lastOf({ primary, revision }: PackedSlice['lists']): Place | undefined {
  const [kind, list] =
    revision.length > 0
      ? (['revision', revision.at(-1)] as const)
      : (['primary', primary.at(-1)] as const);
  return list && placeOf(kind, list, list.groups.length - 1);
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
