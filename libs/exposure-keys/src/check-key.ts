import {
  type IntervalNumber,
  type UnixMillis,
  daysBetween,
  intervalAt,
  intervalNumber,
} from '@keyserver/time';
import { type ExposureKey, KEY_BYTES, type OfferedKey, type ReportType } from './key.ts';
import { KEY_PERIOD, type KeyRules, MAX_RISK, earliestEnd } from './key-rules.ts';
import { decodeTolerantBase64 } from './tolerant-base64.ts';

/** The risk of a key whose phone assigned none, by what the authority certified; without a certificate it stays open. */
export const ASSUMED_RISK: Readonly<Record<ReportType, number>> = {
  '': 0,
  confirmed: 2,
  likely: 4,
  negative: 6,
  'user-report': 0,
};

/** What every key of an upload is measured against. */
export interface UploadContext {
  readonly now: UnixMillis;
  readonly reportType: ReportType;
  readonly rules: KeyRules;
}

/** What became of one offered key: kept, refused as an error, or left out with no more than a warning. */
export type KeyCheck =
  | { readonly kind: 'kept'; readonly key: ExposureKey }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'dropped'; readonly reason: string };

/** Checks one offered key and derives what is stored with it. Reasons name bounds, never anything that was sent. */
export function checkKey(offered: OfferedKey, onset: number, context: UploadContext): KeyCheck {
  const data = decodeTolerantBase64(offered.key);
  if (data === undefined) return refused('key is not base64');
  if (data.length !== KEY_BYTES) return refused(`key is not ${KEY_BYTES} bytes long`);
  const broken = brokenRule(offered, context);
  if (broken !== undefined) return refused(broken);
  const { maxOnsetMagnitude } = context.rules;
  const start = intervalNumber(offered.rollingStartNumber);
  const onsetDays = daysBetween(onset, start);
  if (Math.abs(onsetDays) > maxOnsetMagnitude)
    return { kind: 'dropped', reason: `more than ${maxOnsetMagnitude} days from symptom onset` };
  return { kind: 'kept', key: storedKey(offered, context.reportType, { data, start, onsetDays }) };
}

function brokenRule(offered: OfferedKey, { now, rules }: UploadContext): string | undefined {
  const { rollingStartNumber: start, rollingPeriod: period, transmissionRisk: risk } = offered;
  if (!isWithin(period, KEY_PERIOD.min, KEY_PERIOD.max))
    return `rollingPeriod is not between ${KEY_PERIOD.min} and ${KEY_PERIOD.max}`;
  const earliest = earliestEnd(now, rules.maxAge);
  // Negative and fractional starts are no interval numbers at all; they count as lying before every bound.
  if (!isWithin(start, 0, Number.MAX_SAFE_INTEGER) || start + period < earliest)
    return `key ended before interval ${earliest}`;
  const current = intervalAt(now);
  if (start > current) return `key starts after interval ${current}`;
  if (!isWithin(risk, 0, MAX_RISK)) return `transmissionRisk is not between 0 and ${MAX_RISK}`;
  return undefined;
}

function storedKey(
  offered: OfferedKey,
  reportType: ReportType,
  derived: { data: Uint8Array; start: IntervalNumber; onsetDays: number },
): ExposureKey {
  const { rollingPeriod: period, transmissionRisk: sent } = offered;
  return { ...derived, period, risk: sent === 0 ? ASSUMED_RISK[reportType] : sent, reportType };
}

const isWithin = (n: number, low: number, high: number): boolean =>
  Number.isInteger(n) && low <= n && n <= high;

const refused = (reason: string): KeyCheck => ({ kind: 'refused', reason });
