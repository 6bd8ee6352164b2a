/** The fields of a received key, as the wire names them, that something can be wrong with. */
export const REJECT_FIELDS = [
  'exposureKey',
  'transmissionRisk',
  'intervalNumber',
  'intervalCount',
  'reportType',
  'daysSinceOnsetOfSymptoms',
  'traveler',
  'regions',
  'verificationAuthorityName',
] as const;

/** What can be wrong with a field, and what that means to the partner who is told of it. */
export const REJECT_REASONS = {
  bounds: 'outside the bounds of the protocol',
  too_old: 'the key ended longer ago than keys are taken',
  not_accepted: 'a report type that this query does not take',
  revoked: 'a key that is sent for the first time as taken back',
  missing: 'none, and the key is not that of a traveler',
  malformed: 'not 1 to 20 of A-Z, 0-9 and -',
  too_many: 'more than one key may have',
  not_asked: 'not what the call asked for',
  differs: 'not as the same key was received before',
  no_primary: 'a revision of a key that is not stored',
  other_source: 'a revision of a key that came from somebody else',
  transition: 'a report type that the stored one may not be revised to',
  left_out: 'the value was left out; the key was taken',
} as const;

export type RejectField = (typeof REJECT_FIELDS)[number];
export type RejectReason = keyof typeof REJECT_REASONS;

/** How often one thing was wrong with one field. No key, and nothing that was sent. */
export interface RejectCount {
  readonly field: RejectField;
  readonly reason: RejectReason;
  readonly count: number;
}

/** What is wrong with one key. */
export type Reject = Omit<RejectCount, 'count'>;

/** Counts of what was wrong with received keys, which can be sent back to the partner as they are. */
export class RejectReport {
  readonly #counts = new Map<string, RejectCount>();

  /** Counts one more, or several. */
  add({ field, reason }: Reject, count = 1): void {
    const id = `${field} ${reason}`;
    const before = this.#counts.get(id)?.count ?? 0;
    this.#counts.set(id, { field, reason, count: before + count });
  }

  addAll(counts: readonly RejectCount[]): void {
    for (const { count, ...reject } of counts) this.add(reject, count);
  }

  /** By field and reason. */
  get counts(): readonly RejectCount[] {
    const order = ({ field, reason }: RejectCount): string => `${field} ${reason}`;
    return [...this.#counts.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }
}

/** How many keys were not taken. One whose value was left out was taken. */
export const rejectedKeys = (counts: readonly RejectCount[]): number =>
  counts.reduce((sum, { reason, count }) => (reason === 'left_out' ? sum : sum + count), 0);
