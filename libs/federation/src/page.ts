import { KEY_BYTES, RECORD, RECORD_BYTES, REPORT_TYPE_CODE } from '@keyserver/exposure-keys';
import type { PackedSlice } from './packed-slice.ts';
import type { Place, RecordKind } from './position.ts';
import type { Reading } from './reading.ts';
import { type PackedRecords, REPEATED, placeOf } from './record-share.ts';
import { KeyWriter, type Tail, mostKeyBytes, tailOf, viewOf } from './wire-key.ts';

/** How much goes into one page, and when it has to end. */
export interface PageLimits {
  readonly keys: number;
  readonly bytes: number;
  /** Whether there is no time left; asked now and then. */
  readonly isOver: () => boolean;
}

/** How a page came to the end of what it takes from a unit. */
export type UnitEnd =
  | { readonly kind: 'exhausted' }
  /** `after` is the last record that was looked at; undefined when there was time for none. */
  | { readonly kind: 'full' | 'stopped'; readonly after: Place | undefined };

/** The fields `keys` and `revisedKeys` of the answer. */
const FIELD_TAG = { primary: 0x0a, revision: 0x12 } as const;
const KINDS: readonly RecordKind[] = ['primary', 'revision'];
const REVISIONS: readonly RecordKind[] = ['revision'];
/** What the protocol has a word for; what says nothing is no revision, and clients of the reference server fail on it. */
const SENDABLE: Readonly<Record<RecordKind, ReadonlySet<number>>> = {
  primary: new Set<number>(Object.values(REPORT_TYPE_CODE)),
  revision: new Set<number>(Object.values(REPORT_TYPE_CODE).filter((code) => code !== 0)),
};
const START_BYTES = 16 * 1024;
/** Room for what an answer says besides keys, so that it is not copied for that. */
const REST_BYTES = 512;
/** So many keys are looked at between two looks at the time. */
const BETWEEN_LOOKS = 4096;

/** One answer in the making: keys go from packed records into its bytes, in the order of units, kinds and keys. */
export class Page {
  /** Keys in the page by kind. */
  readonly count: Record<RecordKind, number> = { primary: 0, revision: 0 };
  /** Keys that the protocol cannot say. */
  leftOut = 0;
  private readonly limits: PageLimits;
  private out = Buffer.alloc(0);
  private view = viewOf(this.out);
  private end = 0;

  constructor(limits: PageLimits) {
    this.limits = limits;
  }

  /** Whether no key more may go in. */
  get isFull(): boolean {
    const { keys, bytes } = this.limits;
    return this.count.primary + this.count.revision >= keys || this.end >= bytes;
  }

  /** What was taken, as the first fields of the answer; valid until more is taken. */
  get bytes(): Buffer {
    return this.out.subarray(0, this.end);
  }

  /** Puts other fields of the answer behind the keys. */
  append(fields: Uint8Array): void {
    if (this.end + fields.length > this.out.length) this.resize(this.end + fields.length);
    this.out.set(fields, this.end);
    this.end += fields.length;
  }

  /** Takes what a slice of a unit has after a place, as far as there is room and time. */
  take(slice: PackedSlice, reading: Reading, after: Place | undefined): UnitEnd {
    const tails = tailsOf(slice, reading);
    let last = after;
    for (const { kind, list, from } of listsAfter(slice, after)) {
      const writer = new KeyWriter(list.records, FIELD_TAG[kind]);
      const end = this.takeList({ kind, list, from, tails, writer });
      const looked = end?.at ?? list.groups.length;
      if (looked > from) last = placeOf(kind, list, looked - 1);
      if (end !== undefined) return { kind: end.kind, after: last };
    }
    return { kind: 'exhausted' };
  }

  /** Where it ended before the end of a list: the number of the first record that was not looked at. */
  private takeList(taking: Taking): Ended | undefined {
    const { groups } = taking.list;
    let looked = 0;
    for (let at = taking.from; at < groups.length;) {
      if (this.isFull) return { kind: 'full', at };
      if (looked++ % BETWEEN_LOOKS === 0 && this.limits.isOver()) return { kind: 'stopped', at };
      let next = at + 1;
      while (next < groups.length && (groups[next] ?? 0) >= REPEATED) next++;
      if (next - at === 1) this.write(taking, at, taking.tails.ofGroup[groups[at] ?? 0]);
      else this.takeCopies(taking, at, next);
      at = next;
    }
    return undefined;
  }

  /**
   * Takes a key of several copies, from `first` to `next`: the first allowed record, with what all allowed ones say. One copy with an
   * excluded region keeps the key back. A padded unit holds none that its grant excludes: its cells are of copies, not of keys.
   */
  private takeCopies(taking: Taking, first: number, next: number): void {
    const { list, tails } = taking;
    const isAllowed = (at: number): boolean => tails.ofGroup[numberOf(list, at)] !== undefined;
    const copies = Array.from({ length: next - first }, (_, n) => first + n);
    if (copies.some((at) => tails.isRefused[numberOf(list, at)] === true)) return;
    const allowed = copies.filter(isAllowed);
    const [taken] = allowed;
    if (taken === undefined) return;
    const numbers = allowed.map((at) => numberOf(list, at));
    this.write(taking, taken, tails.ofAll(numbers));
  }

  /** Writes a record; without a tail it is none that the partner may have. */
  private write({ kind, list, writer }: Taking, at: number, tail: Tail | undefined): void {
    if (tail === undefined) return;
    const from = at * RECORD_BYTES;
    if (!SENDABLE[kind].has(list.records[from + RECORD.reportType] ?? 0)) {
      this.leftOut++;
      return;
    }
    const most = mostKeyBytes(tail);
    if (this.end + most > this.out.length) this.grow(most, list.groups.length - at);
    this.end = writer.write(this.view, this.end, from, tail);
    this.count[kind]++;
  }

  /** Makes room for as many keys as may still come, so that a page of like keys is not copied while it grows. */
  private grow(keyBytes: number, left: number): void {
    const { keys, bytes } = this.limits;
    const more = Math.min(left, keys - this.count.primary - this.count.revision) * keyBytes;
    const size = Math.min(this.end + more, Math.max(this.end, bytes) + keyBytes);
    this.resize(Math.max(size, START_BYTES) + REST_BYTES);
  }

  private resize(size: number): void {
    const grown = Buffer.allocUnsafe(size);
    this.out.copy(grown, 0, 0, this.end);
    [this.out, this.view] = [grown, viewOf(grown)];
  }
}

interface Taking {
  readonly kind: RecordKind;
  readonly list: PackedRecords;
  /** Number of a record. */
  readonly from: number;
  readonly tails: Tails;
  readonly writer: KeyWriter;
}

interface Ended {
  readonly kind: 'full' | 'stopped';
  readonly at: number;
}

/** How keys of a unit end on the wire. */
interface Tails {
  /** By the number of the group; undefined for one that is not given. */
  readonly ofGroup: readonly (Tail | undefined)[];
  /** By the number of the group: whether no copy of its keys is given. */
  readonly isRefused: readonly boolean[];
  /** Of a key with copies in several groups, all of which are given. */
  readonly ofAll: (groups: readonly number[]) => Tail;
}

function tailsOf({ groups }: PackedSlice, { takes, shows, refuses }: Reading): Tails {
  return {
    isRefused: groups.map(({ regions }) => refuses(regions)),
    ofGroup: groups.map((group) =>
      takes(group) ? tailOf({ ...group, regions: shows(group.regions) }) : undefined,
    ),
    ofAll: (numbers) => {
      const given = numbers.flatMap((number) => groups[number] ?? []);
      const regions = shows([...new Set(given.flatMap((group) => group.regions))].sort());
      const traveler = given.some((group) => group.traveler);
      const authorityName = given.find((group) => group.authorityName !== '')?.authorityName ?? '';
      return tailOf({ regions, traveler, authorityName });
    },
  };
}

const numberOf = ({ groups }: PackedRecords, at: number): number => {
  const number = groups[at] ?? 0;
  return number >= REPEATED ? number - REPEATED : number;
};

/** The lists that have something behind a place, in order, each with the number of the first such record. */
function* listsAfter(
  { lists }: PackedSlice,
  after: Place | undefined,
): Generator<Pick<Taking, 'kind' | 'list' | 'from'>> {
  for (const kind of after?.kind === 'revision' ? REVISIONS : KINDS) {
    const key = after?.kind === kind ? after.key : undefined;
    const first = key === undefined ? 0 : firstListAfter(lists[kind], key);
    for (const [n, list] of lists[kind].slice(first).entries())
      yield { kind, list, from: key !== undefined && n === 0 ? firstAfter(list, key) : 0 };
  }
}

/** The number of the first list with a record behind a key; that of none where there is no such list. */
function firstListAfter(lists: readonly PackedRecords[], key: Uint8Array): number {
  const isBehind = ({ records, groups }: PackedRecords): boolean => {
    const at = (groups.length - 1) * RECORD_BYTES;
    return records.compare(key, 0, KEY_BYTES, at, at + KEY_BYTES) > 0;
  };
  let [low, high] = [0, lists.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const list = lists[middle];
    if (list === undefined || isBehind(list)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The number of the first record behind a key, which need not be among them any longer. */
function firstAfter({ records, groups }: PackedRecords, key: Uint8Array): number {
  let low = 0;
  let high = groups.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = middle * RECORD_BYTES;
    if (records.compare(key, 0, KEY_BYTES, at, at + KEY_BYTES) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
