import type { ListedKeys } from '@keyserver/export-file';
import type { UnixMillis } from '@keyserver/time';
import type { Series } from './client.ts';
import { type Ledger, type PromisedKey, hasEnded } from './ledger.ts';

type ListedKey = ListedKeys['keys'][number];

/** What the lines of all files come to when they are held against what was uploaded. */
export interface Comparison {
  /** Uploaded keys in a series that must hold them, as they must be. */
  readonly right: number;
  /** Uploaded keys with other values than they must have. */
  readonly altered: number;
  /** Uploaded keys in a series that must not hold them. */
  readonly misplaced: number;
  /** Keys that may never be published. */
  readonly forbidden: number;
  /** Keys that a series lists more than once. */
  readonly repeated: number;
  /** Keys that phones still use. */
  readonly stillValid: number;
  /** Different keys that nobody uploaded. */
  readonly generated: number;
}

type Verdict = 'right' | 'altered' | 'misplaced' | 'forbidden' | 'repeated' | 'generated';

/** Holds downloaded files against the ledger as of a time. */
export function compare(series: readonly Series[], ledger: Ledger, now: UnixMillis): Comparison {
  const counts = { right: 0, altered: 0, misplaced: 0, forbidden: 0, repeated: 0, generated: 0 };
  const generated = new Set<string>();
  let stillValid = 0;
  for (const one of series) {
    const seen = new Set<string>();
    for (const key of one.archives.flatMap(({ keys }) => keys)) {
      const name = Buffer.from(key.data).toString('base64');
      const verdict = seen.has(name) ? 'repeated' : judge(key, name, { series: one, ledger });
      seen.add(name);
      counts[verdict] += 1;
      if (verdict === 'generated') generated.add(name);
      if (!hasEnded(key, now)) stillValid += 1;
    }
  }
  return { ...counts, stillValid, generated: generated.size };
}

function judge(
  key: ListedKey,
  name: string,
  { series, ledger }: { readonly series: Series; readonly ledger: Ledger },
): Verdict {
  if (ledger.forbidden.has(name)) return 'forbidden';
  const promised = ledger.promised.get(name);
  if (promised === undefined) return 'generated';
  if (!promised.exports.includes(series.export.id)) return 'misplaced';
  return isAsPromised(key, promised) ? 'right' : 'altered';
}

const isAsPromised = (key: ListedKey, promised: PromisedKey): boolean =>
  FIELDS.every((field) => key[field] === promised[field]);

const FIELDS = ['start', 'period', 'risk', 'reportType', 'onsetDays'] as const;

/** The archives of an earlier download that a later one lists elsewhere, with another content, or not at all. */
export function changedSince(
  before: readonly Series[],
  after: readonly Series[],
): readonly string[] {
  return before.flatMap(({ export: { id }, archives }) => {
    const later = after.find((series) => series.export.id === id)?.archives ?? [];
    return archives
      .filter(({ name, digest }, n) => later[n]?.name !== name || later[n].digest !== digest)
      .map(({ name }) => `${name} is not what it was`);
  });
}
