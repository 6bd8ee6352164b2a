import type { CertifiedReportType, OfferedKey } from '@keyserver/exposure-keys';
import { INTERVALS_PER_DAY, type UnixMillis, daysBetween, intervalAt } from '@keyserver/time';
import { type DemoExport, EXPORTS, REGIONS } from './configuration.ts';
import type { Upload } from './upload.ts';

/** A key as files must state it, worked out from what the phone sent and not from what the server stored. */
export interface PromisedKey {
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
