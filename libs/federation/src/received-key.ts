import {
  ASSUMED_RISK,
  type ExposureKey,
  KEY_BYTES,
  KEY_PERIOD,
  MAX_RISK,
  type ReportType,
} from '@keyserver/exposure-keys';
import { MAX_REGIONS, parseRegion } from '@keyserver/health-authority';
import { intervalNumber } from '@keyserver/time';
import type { WireKey } from './decode-answer.ts';
import type { FederationQuery } from './query.ts';
import type { Reject, RejectField, RejectReason } from './reject-report.ts';

/** A key of a partner whose fields are right, as it can be stored. */
export interface ReceivedKey {
  readonly kind: 'primary' | 'revision';
  readonly key: ExposureKey;
  /** Upper case, sorted, each once; none only for a traveler. */
  readonly regions: readonly string[];
  readonly traveler: boolean;
  /** Who verified it, as the partner says; one line of at most 200 printable characters. */
  readonly verifiedBy: string | undefined;
}

/** What became of one key of an answer. */
export type ConvertedKey =
  | {
      readonly kind: 'key';
      readonly received: ReceivedKey;
      /** Fields whose value was left out. */
      readonly leftOut: readonly Reject[];
    }
  | { readonly kind: 'rejected'; readonly reject: Reject };

/** What received keys are measured against. Ages are not: only the store knows the time. */
export interface ReceivingRules {
  readonly query: FederationQuery;
  /** Days that a key may lie before or after symptom onset. */
  readonly maxOnsetMagnitude: number;
}

/** Checks the fields of one key, and turns them into what is stored. */
export function convertKey(
  wire: WireKey,
  kind: ReceivedKey['kind'],
  rules: ReceivingRules,
): ConvertedKey {
  const sent = numbersOf(wire);
  const broken = outOfBounds(sent);
  if (broken !== undefined) return rejected(broken, 'bounds');
  const reportType = reportTypeOf(wire.reportType ?? 0, rules.query);
  if (reportType === undefined) return rejected('reportType', 'not_accepted');
  if (kind === 'primary' && reportType === 'negative') return rejected('reportType', 'revoked');
  const regions = regionsOf(wire.regions ?? NO_REGIONS);
  if (typeof regions === 'string') return rejected('regions', regions);
  const traveler = wire.traveler === true;
  const reject = whatWasNotAsked({ regions, traveler }, rules.query);
  if (reject !== undefined) return { kind: 'rejected', reject };
  const onset = onsetOf(wire, rules);
  const name = verifierOf(wire.verificationAuthorityName ?? '');
  const { data, start, period, risk } = sent;
  const key: ExposureKey = {
    ...{ data, start: intervalNumber(start), period, reportType, onsetDays: onset.days },
    risk: riskOf(risk, reportType),
  };
  return {
    kind: 'key',
    received: { kind, key, regions, traveler, verifiedBy: name.value },
    leftOut: [...onset.leftOut, ...name.leftOut],
  };
}

const riskOf = (sent: number, reportType: ReportType): number =>
  sent === 0 ? ASSUMED_RISK[reportType] : sent;

interface SentNumbers {
  readonly data: Uint8Array;
  readonly start: number;
  readonly period: number;
  readonly risk: number;
}

/** A field that is absent is zero or empty in this protocol. */
const numbersOf = (wire: WireKey): SentNumbers => ({
  data: wire.exposureKey ?? NOTHING,
  start: wire.intervalNumber ?? 0,
  period: wire.intervalCount ?? 0,
  risk: wire.transmissionRisk ?? 0,
});

/** The first field outside what any key may have. */
function outOfBounds({ data, start, period, risk }: SentNumbers): RejectField | undefined {
  if (data.length !== KEY_BYTES) return 'exposureKey';
  if (start < 0) return 'intervalNumber';
  if (period < KEY_PERIOD.min || period > KEY_PERIOD.max) return 'intervalCount';
  return risk < 0 || risk > MAX_RISK ? 'transmissionRisk' : undefined;
}

const NOTHING = new Uint8Array();

const rejected = (field: RejectField, reason: RejectReason): ConvertedKey => ({
  kind: 'rejected',
  reject: { field, reason },
});

/** The numbers of the protocol's report types. */
const TYPES: ReadonlyMap<number, ReportType | 'self-report' | 'recursive'> = new Map([
  [1, 'confirmed'],
  [2, 'likely'],
  [3, 'self-report'],
  [4, 'recursive'],
  [5, 'negative'],
]);

function reportTypeOf(
  sent: number,
  query: Pick<FederationQuery, 'acceptSelfReport' | 'acceptRecursive'>,
): ReportType | undefined {
  const type = TYPES.get(sent);
  if (type === 'self-report') return query.acceptSelfReport ? 'likely' : undefined;
  if (type === 'recursive') return query.acceptRecursive ? 'likely' : undefined;
  return type;
}

/** One bad region refuses the whole key: without it the key could slip past an export that excludes the region. */
function regionsOf(sent: readonly string[]): readonly string[] | 'malformed' | 'too_many' {
  if (sent.length === 0) return NO_REGIONS; // most pages of travelers
  if (sent.length > MAX_REGIONS) return 'too_many';
  const regions = new Set<string>();
  for (const text of sent) {
    const region = parseRegion(text.trim());
    if (region === undefined) return 'malformed';
    regions.add(region);
  }
  return [...regions].sort();
}

const NO_REGIONS: readonly string[] = [];

/** A partner may be wrong about what it was asked for; what was not wanted is not stored. */
function whatWasNotAsked(
  { regions, traveler }: Pick<ReceivedKey, 'regions' | 'traveler'>,
  { includeRegions, excludeRegions, onlyTravelers }: FederationQuery,
): Reject | undefined {
  if (regions.length === 0 && !traveler) return { field: 'regions', reason: 'missing' };
  if (onlyTravelers && !traveler) return { field: 'traveler', reason: 'not_asked' };
  const isIncluded =
    traveler ||
    includeRegions.length === 0 ||
    regions.some((region) => includeRegions.includes(region));
  const isExcluded = regions.some((region) => excludeRegions.includes(region));
  return isIncluded && !isExcluded ? undefined : { field: 'regions', reason: 'not_asked' };
}

/** Day 0 and no day are different: the flag tells, not the number. */
function onsetOf(
  { hasSymptomOnset, daysSinceOnsetOfSymptoms }: WireKey,
  { maxOnsetMagnitude }: ReceivingRules,
): { readonly days: number | undefined; readonly leftOut: readonly Reject[] } {
  if (hasSymptomOnset !== true) return { days: undefined, leftOut: [] };
  const days = daysSinceOnsetOfSymptoms ?? 0;
  if (Math.abs(days) <= maxOnsetMagnitude) return { days, leftOut: [] };
  const leftOut = [{ field: 'daysSinceOnsetOfSymptoms', reason: 'left_out' }] as const;
  return { days: undefined, leftOut };
}

const ONE_PRINTABLE_LINE = /^(?=.{1,200}$)[^\s\p{C}]+( +[^\s\p{C}]+)*$/u;

function verifierOf(sent: string): {
  readonly value: string | undefined;
  readonly leftOut: readonly Reject[];
} {
  if (sent === '') return { value: undefined, leftOut: [] };
  if (ONE_PRINTABLE_LINE.test(sent)) return { value: sent, leftOut: [] };
  return {
    value: undefined,
    leftOut: [{ field: 'verificationAuthorityName', reason: 'left_out' }],
  };
}
