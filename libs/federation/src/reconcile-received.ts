import {
  type ExposureKey,
  type KeyBatch,
  earliestEnd,
  keyEnd,
  keyHex,
  mayBecome,
  releaseWindow,
} from '@keyserver/exposure-keys';
import {
  INTERVALS_PER_DAY,
  type UnixMillis,
  type WindowCalendar,
  intervalAt,
  unixMillis,
} from '@keyserver/time';
import type { ReceivedKey } from './received-key.ts';
import type { Reject, RejectField, RejectReason } from './reject-report.ts';

/** A record of a key that is stored, whoever it came from. */
export interface StoredCopy extends Pick<
  KeyBatch,
  'window' | 'kind' | 'origin' | 'sourceId' | 'regions' | 'traveler'
> {
  readonly key: ExposureKey;
}

/** Against what received keys are judged: the time and the windows of the transaction that stores them. */
export interface ReceivingContext {
  /** The query, which is the source of what it stores. */
  readonly sourceId: string;
  readonly now: UnixMillis;
  /** How long after its end a key is taken, ms. */
  readonly maxAge: number;
  readonly windows: WindowCalendar;
}

/** A document that is to be written: what all of its keys have in common. */
export interface ReceivedDocument extends Pick<
  KeyBatch,
  'kind' | 'window' | 'regions' | 'traveler'
> {
  readonly verifiedBy: string | undefined;
  readonly keys: ExposureKey[];
}

/** What a chunk of received keys changes, or that a clock must be wrong: then nothing is to be stored. */
export type Reconciled =
  | {
      readonly kind: 'store';
      readonly documents: readonly ReceivedDocument[];
      readonly inserted: number;
      readonly revised: number;
      /** Keys that changed nothing, as everything about them was stored. */
      readonly known: number;
      readonly rejects: readonly Reject[];
    }
  | { readonly kind: 'too far ahead' };

/** A key in our future is stored and waits; one that starts later than this tells that a clock is wrong. In intervals. */
const FARTHEST_START = INTERVALS_PER_DAY;

/** At most so many records of one key lie here for different regions: without a bound a partner could add them for ever. */
const MAX_COPIES = 20;

/**
 * Decides what of the keys of a partner is stored, beside what is stored of the same keys (by key in hexadecimal, what was
 * released first coming first). Nothing that came from somebody else is ever changed, and no region gets a key twice.
 */
export function reconcileReceived(
  received: readonly ReceivedKey[],
  stored: ReadonlyMap<string, readonly StoredCopy[]>,
  context: ReceivingContext,
): Reconciled {
  if (received.some((one) => isTooFarAhead(one, context))) return { kind: 'too far ahead' };
  const merge = new Merge(stored, context);
  for (const one of received) merge.take(one);
  const { inserted, revised, known, rejects } = merge;
  return { kind: 'store', documents: merge.documents, inserted, revised, known, rejects };
}

const isTooFarAhead = ({ key }: ReceivedKey, { now }: ReceivingContext): boolean =>
  key.start > intervalAt(now) + FARTHEST_START;

/** The chunk as it is merged key by key: what one key adds is stored for those behind it. */
class Merge {
  inserted = 0;
  revised = 0;
  known = 0;
  readonly rejects: Reject[] = [];
  readonly #stored: ReadonlyMap<string, readonly StoredCopy[]>;
  readonly #added = new Map<string, StoredCopy[]>();
  readonly #documents = new Map<string, ReceivedDocument>();
  readonly #context: ReceivingContext;

  constructor(stored: ReadonlyMap<string, readonly StoredCopy[]>, context: ReceivingContext) {
    this.#stored = stored;
    this.#context = context;
  }

  get documents(): readonly ReceivedDocument[] {
    return [...this.#documents.values()];
  }

  take(one: ReceivedKey): void {
    const id = keyHex(one.key.data);
    const copies = [...(this.#stored.get(id) ?? []), ...(this.#added.get(id) ?? [])];
    const primaries = copies.filter(({ kind }) => kind === 'primary');
    if (primaries.some(({ key }) => !isSameSpan(key, one.key)))
      this.#reject('intervalNumber', 'differs');
    else if (one.kind === 'primary') this.#takePrimary(one, primaries);
    else this.#takeRevision(one, copies);
  }

  #takePrimary(one: ReceivedKey, copies: readonly StoredCopy[]): void {
    if (this.#isTooOld(one.key)) {
      this.#reject('intervalNumber', 'too_old');
      return;
    }
    const regions = copies.length === 0 ? one.regions : without(one.regions, regionsOf(copies));
    if (copies.length > 0 && regions.length === 0) this.known += 1;
    else if (copies.length >= MAX_COPIES) this.#reject('regions', 'too_many');
    else {
      this.#write({ ...one, regions }, this.#release(one.key));
      this.inserted += 1;
    }
  }

  #takeRevision(one: ReceivedKey, copies: readonly StoredCopy[]): void {
    const own = copies.filter((copy) => this.#isOwn(copy));
    const [first, ...further] = own.filter(({ kind }) => kind === 'primary');
    if (first === undefined) {
      this.#reject('exposureKey', copies.length === 0 ? 'no_primary' : 'other_source');
      return;
    }
    const revisions = own.filter(({ kind }) => kind === 'revision');
    const change = changeOf(one.key, first.key, revisions);
    if (change === 'forbidden') {
      this.#reject('reportType', 'transition');
      return;
    }
    const fresh = this.#freshRegions(one, first, copies);
    if (fresh.length > 0) this.#write({ ...one, ...PRIMARY, key: first.key, regions: fresh }, this.#release(first.key)); // prettier-ignore
    const primaries = [first, ...further];
    const told = revisions.filter(({ key }) => key.reportType === one.key.reportType);
    const all = [...new Set([...regionsOf(primaries), ...fresh])].sort();
    const untold =
      change === 'revised' ? all : change === 'told' ? without(all, regionsOf(told)) : [];
    if (change === 'revised' || untold.length > 0) {
      const window = Math.max(this.#release(first.key), ...own.map((copy) => copy.window));
      const { traveler } = first;
      this.#write({ ...one, traveler, regions: untold }, unixMillis(window));
      this.revised += 1;
    } else if (fresh.length > 0) this.inserted += 1;
    else this.known += 1;
  }

  /** Regions that a revision adds: the key is published there too. One that is taken back is published nowhere else. */
  #freshRegions(
    { key, regions }: ReceivedKey,
    first: StoredCopy,
    copies: readonly StoredCopy[],
  ): readonly string[] {
    if (key.reportType === 'negative' || this.#isTooOld(first.key)) return [];
    const primaries = copies.filter(({ kind }) => kind === 'primary');
    return primaries.length >= MAX_COPIES ? [] : without(regions, regionsOf(primaries));
  }

  #isOwn({ origin, sourceId }: StoredCopy): boolean {
    return origin === 'federated' && sourceId === this.#context.sourceId;
  }

  #isTooOld(key: ExposureKey): boolean {
    return keyEnd(key) < earliestEnd(this.#context.now, this.#context.maxAge);
  }

  #release(key: ExposureKey): UnixMillis {
    return releaseWindow(keyEnd(key), this.#context.now, this.#context.windows);
  }

  #reject(field: RejectField, reason: RejectReason): void {
    this.rejects.push({ field, reason });
  }

  #write({ kind, key, regions, traveler, verifiedBy }: ReceivedKey, window: UnixMillis): void {
    const id = JSON.stringify([kind, window, regions, traveler, verifiedBy]);
    const document = this.#documents.get(id) ?? {
      ...{ kind, window, regions, traveler, verifiedBy },
      keys: [],
    };
    this.#documents.set(id, document);
    document.keys.push(key);
    const { sourceId } = this.#context;
    const copy = { kind, window, regions, traveler, key, origin: 'federated', sourceId } as const;
    const hex = keyHex(key.data);
    this.#added.set(hex, [...(this.#added.get(hex) ?? []), copy]);
  }
}

const PRIMARY = { kind: 'primary' } as const;

const isSameSpan = (a: ExposureKey, b: ExposureKey): boolean =>
  a.start === b.start && a.period === b.period;

const regionsOf = (copies: readonly StoredCopy[]): ReadonlySet<string> =>
  new Set(copies.flatMap(({ regions }) => regions));

const without = (regions: readonly string[], known: ReadonlySet<string>): readonly string[] =>
  regions.filter((region) => !known.has(region));

/**
 * What a revision does: it revises, says what was said already, changes nothing of the key as it was published, or is
 * forbidden. A key is revised once; but nothing may hide that it was taken back.
 */
function changeOf(
  to: ExposureKey,
  published: ExposureKey,
  revisions: readonly StoredCopy[],
): 'revised' | 'told' | 'unchanged' | 'forbidden' {
  const types = revisions.map(({ key }) => key.reportType);
  if (types.includes(to.reportType)) return 'told';
  if (types.length > 0) return to.reportType === 'negative' ? 'revised' : 'forbidden';
  if (to.reportType === published.reportType) return 'unchanged';
  return mayBecome(published.reportType, to.reportType) ? 'revised' : 'forbidden';
}
