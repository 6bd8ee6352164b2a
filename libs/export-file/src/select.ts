import { type KeyBatch, RECORD, RECORD_BYTES, REPORT_TYPE_CODE } from '@keyserver/exposure-keys';
import { type ExportConfig, inputRegionsOf } from './export-config.ts';
import { fileOrder } from './order.ts';
import { RecordPile, type Source } from './record-pile.ts';

/** Which keys an export takes. */
export type SelectionRules = Pick<
  ExportConfig,
  'outputRegion' | 'inputRegions' | 'excludeRegions' | 'includeTravelers' | 'onlyNonTravelers'
>;

/** The keys of one batch of an export, collected from stored documents in packed form, in any order. */
export class KeySelection {
  /** Keys published for the first time. */
  readonly keys = new RecordPile();
  /** What became of keys that were published before. */
  readonly revisions = new RecordPile();
  /** Whether the export wants a document. */
  readonly takes: (batch: Pick<KeyBatch, 'regions' | 'traveler'>) => boolean;

  constructor(rules: SelectionRules) {
    this.takes = takerOf(rules);
  }

  /** Takes the document's keys when the export wants them. */
  add(batch: KeyBatch): void {
    if (!this.takes(batch)) return;
    (batch.kind === 'primary' ? this.keys : this.revisions).add(batch);
  }

  /** Neither keys nor revisions were taken: the batch has no files. */
  get empty(): boolean {
    return this.keys.count === 0 && this.revisions.count === 0;
  }

  /** The keys in the order of a file. A key that was stored twice counts once, as it was released first. */
  orderKeys(): Uint32Array {
    const pile = this.keys;
    return fileOrder(pile.records, (a, b) => releasedEarlier(pile.sourceOf(a), pile.sourceOf(b)));
  }

  /** The revisions in the order of a file. Of two for one key a revocation wins, since nothing may hide it. */
  orderRevisions(): Uint32Array {
    const pile = this.revisions;
    const { records } = pile;
    return fileOrder(records, (a, b) => {
      const revoked = revokes(records, a);
      if (revoked !== revokes(records, b)) return revoked;
      return releasedEarlier(pile.sourceOf(a), pile.sourceOf(b));
    });
  }
}

/** Whether an export takes keys. Every rule holds for any number of regions; exclusion beats inclusion, also of travelers. */
export function takerOf(
  rules: SelectionRules,
): (keys: Pick<KeyBatch, 'regions' | 'traveler'>) => boolean {
  const included = new Set(inputRegionsOf(rules));
  const excluded = new Set(rules.excludeRegions);
  return ({ regions, traveler }) => {
    if (rules.onlyNonTravelers && traveler) return false;
    if (regions.some((region) => excluded.has(region))) return false;
    if (rules.includeTravelers && traveler) return true;
    return regions.some((region) => included.has(region));
  };
}

/** Two of one window are told apart by their ids, so that the answer is the same in whatever order they were read. */
const releasedEarlier = (a: Source, b: Source): boolean =>
  a.window < b.window || (a.window === b.window && a.id < b.id);

const revokes = (records: Buffer, n: number): boolean =>
  records[n * RECORD_BYTES + RECORD.reportType] === REPORT_TYPE_CODE.negative;
