import type { ExportConfig } from '@keyserver/export-file';
import { type Partner, USUAL_UNIT } from '@keyserver/federation';
import { type PlanSpan, readerOf, shareKeys } from '@keyserver/padding';
import { DAY, SECOND } from '@keyserver/time';
import type { Configuration, PartnerOfFile, WholeConfiguration } from './configuration.ts';

/** What a store asks of every unit; lengths in milliseconds. */
export interface UnitRules {
  /** A unit divides it. */
  readonly span: PlanSpan;
  /** A unit is a multiple of each. */
  readonly windows: readonly number[];
  readonly least: number;
}

const ANY_DAY: UnitRules = { span: DAY, windows: [], least: SECOND };

/** A configuration with empty lists for those that it lacks, and a unit for each partner that names none. */
export const wholeOf = (
  configuration: Configuration,
  rules: UnitRules = ANY_DAY,
): WholeConfiguration => ({
  queries: [],
  ...configuration,
  partners: withUnits(configuration.partners ?? [], configuration.exports, rules),
});

/**
 * Partners with the unit of each that names none: four hours, or the longest that is shorter, obeys the rules and fits beside the
 * exports and the other padded partners that may be given the same keys. Where none fits it is four hours, which is refused then.
 */
function withUnits(
  partners: readonly PartnerOfFile[],
  exports: readonly ExportConfig[],
  rules: UnitRules,
): readonly Partner[] {
  const chosen = partners.flatMap((one) => (one.unit === undefined ? [] : [at(one, one.unit)]));
  const inOrder = partners.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const partner of inOrder.filter(({ unit }) => unit === undefined))
    chosen.push(at(partner, longestFor(partner, { exports, partners: chosen }, rules)));
  const units = new Map(chosen.map(({ id, unit }) => [id, unit]));
  return partners.map((one) => at(one, units.get(one.id) ?? USUAL_UNIT));
}

const at = (partner: PartnerOfFile, unit: number): Partner => ({ ...partner, unit });

function longestFor(
  partner: PartnerOfFile,
  others: { readonly exports: readonly ExportConfig[]; readonly partners: readonly Partner[] },
  { span, windows, least }: UnitRules,
): number {
  const reader = readerOf(at(partner, USUAL_UNIT));
  const readers = [
    ...others.exports,
    ...others.partners.filter(({ mode }) => mode === 'padded').map(readerOf),
  ].filter((other) => shareKeys(reader, other));
  const fits = (unit: number): boolean =>
    unit >= least &&
    span % unit === 0 &&
    windows.every((length) => unit % length === 0) &&
    readers.every(({ period }) => unit % period === 0 || period % unit === 0);
  return UNITS.find(fits) ?? USUAL_UNIT;
}

/** Whole seconds that divide a day, the longest first. */
const UNITS = Array.from({ length: USUAL_UNIT / SECOND }, (_, n) => USUAL_UNIT - n * SECOND).filter(
  (unit) => DAY % unit === 0,
);
