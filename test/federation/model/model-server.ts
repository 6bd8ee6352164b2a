import {
  type ExposureKey,
  type KeyBatch,
  keyEnd,
  keyHex,
  mayBecome,
  packRecords,
  releaseWindow,
} from '@keyserver/exposure-keys';
import { type Random, randomId } from '@keyserver/random';
import {
  HOUR,
  type UnixMillis,
  alwaysWindow,
  floorTo,
  intervalNumber,
  intervalStart,
  unixMillis,
  windowLength,
} from '@keyserver/time';

export const WINDOWS = alwaysWindow(windowLength(HOUR)!);

/** A document, and its keys as objects, which packed ones are made into again and again otherwise. */
export interface ModelDocument extends KeyBatch {
  readonly keys: readonly ExposureKey[];
}

/** How long things are kept, ms. */
export interface Keeping {
  readonly retention: number;
  /** How long after its end a key is taken from a partner. */
  readonly maxAge: number;
}

/** The keys of one server, with a time of its own. Nothing is ever deleted; what is past retention is just not found. */
export class ModelServer {
  readonly documents: ModelDocument[] = [];
  /** How far its clock is from the true time, ms. */
  skew = 0;
  readonly id: string;
  readonly keeping: Keeping;
  private readonly trueNow: () => UnixMillis;
  private readonly random: Random;
  private latest = unixMillis(0);
  private readonly byKey = new Map<string, ModelDocument[]>();

  constructor(
    id: string,
    options: {
      readonly keeping: Keeping;
      readonly trueNow: () => UnixMillis;
      readonly random: Random;
    },
  ) {
    this.id = id;
    this.keeping = options.keeping;
    this.trueNow = options.trueNow;
    this.random = options.random;
  }

  /** Store time, which never goes back. */
  get now(): UnixMillis {
    this.latest = unixMillis(Math.max(this.latest, this.trueNow() + this.skew));
    return this.latest;
  }

  /** All documents that hold a key, whatever their age. */
  holding(hex: string): readonly ModelDocument[] {
    return this.byKey.get(hex) ?? [];
  }

  /** Documents of a key that a look-up finds: longer than they are served. */
  found(hex: string): readonly ModelDocument[] {
    const { retention, maxAge } = this.keeping;
    return this.holding(hex).filter(({ window, keys }) => {
      const end = Math.max(...keys.map((key) => intervalStart(intervalNumber(keyEnd(key)))));
      return this.now < Math.max(window + retention, end + maxAge + 2 * HOUR);
    });
  }

  /** Documents of a span of windows that may still be read. */
  served(from: UnixMillis, until: UnixMillis): readonly ModelDocument[] {
    const oldest = this.now - this.keeping.retention;
    return this.documents.filter(
      ({ window }) => window >= from && window < until && window >= oldest,
    );
  }

  /** Until when there is no document from a window on, if that is before `until`. */
  emptyFrom(from: UnixMillis, until: UnixMillis): UnixMillis {
    let next = until;
    for (const { window } of this.documents) if (window >= from && window < next) next = window;
    return next;
  }

  add(
    document: Omit<KeyBatch, 'id' | 'records'>,
    keys: readonly ExposureKey[],
    id = randomId(this.random),
  ): void {
    const sorted = keys.toSorted((a, b) => Buffer.compare(a.data, b.data));
    const made = { ...document, id, keys: sorted, records: packRecords(sorted) };
    this.documents.push(made);
    for (const { data } of keys) {
      const hex = keyHex(data);
      this.byKey.set(hex, [...this.holding(hex), made]);
    }
  }

  /** A phone uploads keys. What is known here already is not published again. */
  publish(keys: readonly ExposureKey[], of: Pick<KeyBatch, 'regions' | 'traveler'>): void {
    for (const key of keys) {
      if (this.found(keyHex(key.data)).length > 0) continue;
      const window = releaseWindow(keyEnd(key), this.now, WINDOWS);
      this.add({ ...LOCAL, ...of, kind: 'primary', window }, [key]);
    }
  }

  /** A phone revises a key that it has published here. The revision is released no sooner than its key, unless it `overtakes` it. */
  revise(primary: ModelDocument, key: ExposureKey, overtakes: boolean): void {
    const isRevised = this.holding(keyHex(key.data)).some(({ kind }) => kind === 'revision');
    const before = primary.keys.find(({ data }) => keyHex(data) === keyHex(key.data));
    if (before === undefined || isRevised || !mayBecome(before.reportType, key.reportType)) return;
    const release = Math.max(primary.window, releaseWindow(keyEnd(key), this.now, WINDOWS));
    const window = overtakes ? floorTo(this.now, HOUR) : unixMillis(release);
    const { regions, traveler } = primary;
    this.add({ ...LOCAL, regions, traveler, kind: 'revision', window }, [key]);
  }

  /** Generated keys, as the padding of a day leaves them. */
  pad(keys: readonly ExposureKey[], of: Pick<KeyBatch, 'regions' | 'traveler' | 'window'>): void {
    this.add({ ...LOCAL, ...of, kind: 'primary', origin: 'padding', sourceId: 'cell/try' }, keys);
  }
}

const LOCAL = { origin: 'local', sourceId: '', app: 'app' } as const;
