import { type DocumentOf, type DocumentStore, collection, int, ints } from '@keyserver/docstore';
import { LAST_KEY_AGE, LAST_ONSET_AGE } from '@keyserver/exposure-keys';
import { DAY, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { JOB_GRACE } from './job-grace.ts';
import { type TotalDelta, totalDeltas } from './total-deltas.ts';

/** For how many days after the end of a UTC day its totals are kept. */
export const TOTALS_RETENTION_DAYS = { min: 10, max: 30, default: 14 } as const;

const fields = {
  hour: int(),
  authority: int(),
  unknown: int(),
  android: int(),
  ios: int(),
  keys: int(),
  revisions: int(),
  oldestKeyDays: ints(),
  onsetDays: ints(),
  onsetMissing: int(),
  expireAt: int(),
};

/** What the uploads of one authority add up to in one UTC hour. The id is `<authority>-<hour>`, the hour in seconds. */
export const totals = collection({
  name: 'totals',
  fields,
  indexes: [['authority', 'hour'], ['expireAt']],
  expiry: 'expireAt',
  grace: JOB_GRACE,
});

type TotalsDocument = DocumentOf<typeof fields>;

/** How far counts are folded, one document. */
export const totalsProgress = collection({
  name: 'totalsProgress',
  fields: { foldedUntil: int() },
});

/** The id of the one document of `totalsProgress`. */
export const FOLDED = 'folded';

/** The totals of an authority in one UTC hour. */
export type HourTotals = Omit<TotalsDocument, 'expireAt' | 'authority' | 'hour'> & {
  readonly hour: UnixMillis;
};

/** The id of the totals that counts belong to. */
export const totalsId = ({ authority, hour }: Pick<TotalDelta, 'authority' | 'hour'>): string =>
  `${authority}-${hour / 1000}`;

/** Totals that count nothing. `retention` is for how long a day is kept after its end, in ms. */
export const noTotals = (
  { authority, hour }: Pick<TotalDelta, 'authority' | 'hour'>,
  retention: number,
): TotalsDocument => ({
  ...{ hour, authority, unknown: 0, android: 0, ios: 0, keys: 0, revisions: 0 },
  oldestKeyDays: zeros(LAST_KEY_AGE + 1),
  onsetDays: zeros(LAST_ONSET_AGE + 1),
  onsetMissing: 0,
  expireAt: floorTo(unixMillis(hour), DAY) + DAY + retention,
});

const zeros = (length: number): readonly number[] => Array.from({ length }, () => 0);

/** Totals with the counts of one more upload. */
export const withDelta = (before: TotalsDocument, delta: TotalDelta): TotalsDocument => ({
  ...before,
  [delta.platform]: before[delta.platform] + 1,
  keys: before.keys + delta.keys,
  revisions: before.revisions + (delta.revisions ?? 0),
  oldestKeyDays: withOneMore(before.oldestKeyDays, delta.oldestKeyDays),
  onsetDays: withOneMore(before.onsetDays, delta.onsetDays),
  onsetMissing: before.onsetMissing + delta.onsetMissing,
});

const withOneMore = (counts: readonly number[], at: number | undefined): readonly number[] =>
  counts.map((count, n) => (n === at ? count + 1 : count));

/** The first day that is kept, when a day is kept for `retention` ms after its end. */
export const keptFrom = (now: UnixMillis, retention: number): UnixMillis =>
  floorTo(unixMillis(Math.max(0, now - retention)), DAY);

/** What is stored of one authority. */
export interface Totals {
  /** Hours before it are folded, and do not change any more; undefined while none is. */
  readonly foldedUntil: UnixMillis | undefined;
  /** While no hour is folded: the oldest hour of some of the counts that wait for it; undefined while none does. */
  readonly waitingSince?: UnixMillis | undefined;
  /** Folded hours within retention in which something was counted, oldest first. */
  readonly hours: readonly HourTotals[];
}

/** Reads the totals of an authority. A fault of the store is thrown. */
export type ReadTotals = (authority: number, now: UnixMillis) => Promise<Totals>;

/** Reads totals of folded hours. What is past retention is not read, even where it is not deleted yet. */
export const readTotals =
  (store: DocumentStore, { retention }: { readonly retention: number }): ReadTotals =>
  async (authority, now) => {
    const [progress] = await store.get(totalsProgress, [FOLDED]);
    if (progress === undefined)
      return { foldedUntil: undefined, waitingSince: await oldestOfSome(store), hours: [] };
    const { foldedUntil } = progress;
    const hours: HourTotals[] = [];
    const span = { by: 'hour', from: keptFrom(now, retention), until: foldedUntil } as const;
    for await (const page of store.pages(totals, { where: { authority }, order: span }))
      hours.push(...page.map(({ value }) => hourOf(value)));
    return { foldedUntil: unixMillis(foldedUntil), hours };
  };

/** Their ids are random, so some stand for all: of two days without folding, few of a hundred are of the last. */
const SOME = 100;

async function oldestOfSome(store: DocumentStore): Promise<UnixMillis | undefined> {
  const hours: number[] = [];
  for await (const page of store.pages(totalDeltas, { limit: SOME }))
    hours.push(...page.map(({ value }) => value.hour));
  return hours.length === 0 ? undefined : unixMillis(Math.min(...hours));
}

const hourOf = ({ authority: _, expireAt: __, hour, ...counts }: TotalsDocument): HourTotals => ({
  ...counts,
  hour: unixMillis(hour),
});
