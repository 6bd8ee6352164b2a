import type { ListedKeys } from '@keyserver/export-file';
import type { CertifiedReportType, OfferedKey } from '@keyserver/exposure-keys';
import { INTERVALS_PER_DAY, type UnixMillis, daysBetween, intervalAt } from '@keyserver/time';
import type { Series } from './client.ts';
import { type DemoExport, EXPORTS, REGIONS } from './configuration.ts';
import type { Upload } from './phones.ts';

/** A key as files must state it, worked out from what the phone sent and not from what the server stored. */
interface PromisedKey {
  readonly start: number;
  readonly period: number;
  readonly risk: number;
  /** As the wire numbers it. */
  readonly reportType: number;
  readonly onsetDays: number;
  readonly exports: readonly DemoExport['id'][];
}

/** What a round has uploaded, by key in base64. */
export interface Ledger {
  readonly promised: Map<string, PromisedKey>;
  /** Keys that the server refused or was told not to publish. */
  readonly forbidden: Set<string>;
}

const WIRE_TYPE: Readonly<Record<CertifiedReportType, number>> = {
  confirmed: 1,
  likely: 2,
  'user-report': 3,
  negative: 5,
};

/** The risk that the server gives to a key that came without one. */
const ASSUMED_RISK: Readonly<Record<CertifiedReportType, number>> = {
  confirmed: 2,
  likely: 4,
  'user-report': 0,
  negative: 6,
};

/** Onset of a person who named none, in days back from now. */
const ASSUMED_ONSET_DAYS = 4;

/** Which series of files must hold the keys of an upload. */
const exportsOf = ({ app, traveler }: Upload): PromisedKey['exports'] =>
  EXPORTS.filter(({ region, travelers }) => region === REGIONS[app] || (travelers && traveler)).map(
    ({ id }) => id,
  );

/** A key of an upload that was accepted at `now`, as files must state it. */
export function promiseOf(key: OfferedKey, upload: Upload, now: UnixMillis): PromisedKey {
  const { rollingStartNumber: start, rollingPeriod: period, transmissionRisk: sent } = key;
  const current = intervalAt(now);
  const onset = upload.onset?.interval ?? current - ASSUMED_ONSET_DAYS * INTERVALS_PER_DAY;
  return {
    ...{ start, period },
    risk: sent === 0 ? ASSUMED_RISK[upload.reportType] : sent,
    reportType: WIRE_TYPE[upload.reportType],
    onsetDays: daysBetween(onset, start),
    exports: exportsOf(upload),
  };
}

/** Whether no phone uses the key any more, so that it may be known. */
export const hasEnded = (
  { start = 0, period }: { readonly start: number | undefined; readonly period: number },
  now: UnixMillis,
): boolean => start + period <= intervalAt(now);

/** The number of lines that all series of files together must hold; keys of travelers are in two of them. */
export const linesIn = (
  { promised }: Ledger,
  which: (key: PromisedKey) => boolean = () => true,
): number =>
  [...promised.values()]
    .filter((key) => which(key))
    .reduce((sum, { exports }) => sum + exports.length, 0);

type ListedKey = ListedKeys['keys'][number];

/** How the keys in all files compare with what was uploaded, as counts. */
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
  /** Lines with keys that nobody uploaded; a key that is in two series counts twice. */
  readonly generated: number;
}

type KeyKind = 'right' | 'altered' | 'misplaced' | 'forbidden' | 'repeated' | 'generated';

/** Compares downloaded files with the ledger as of a time. */
export function compare(series: readonly Series[], ledger: Ledger, now: UnixMillis): Comparison {
  const counts = { right: 0, altered: 0, misplaced: 0, forbidden: 0, repeated: 0, generated: 0 };
  let stillValid = 0;
  for (const one of series) {
    const seen = new Set<string>();
    for (const key of one.archives.flatMap(({ keys }) => keys)) {
      const name = Buffer.from(key.data).toString('base64');
      const kind = seen.has(name) ? 'repeated' : kindOf(key, name, { series: one, ledger });
      seen.add(name);
      counts[kind] += 1;
      if (!hasEnded(key, now)) stillValid += 1;
    }
  }
  return { ...counts, stillValid };
}

function kindOf(
  key: ListedKey,
  name: string,
  { series, ledger }: { readonly series: Series; readonly ledger: Ledger },
): KeyKind {
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
