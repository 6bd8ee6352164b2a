import type { ExportConfig } from '@keyserver/export-file';
import { type Partner, USUAL_UNIT } from '@keyserver/federation';
import { readerOf, shareKeys } from '@keyserver/padding';
import { DAY, MINUTE } from '@keyserver/time';

type PartnerOfFile = Omit<Partner, 'unit'> & { readonly unit?: number };

/**
 * Partners with the unit of each that names none: four hours, or the longest that is shorter and fits beside the exports and the
 * other padded partners that may be given the same keys. Where none fits it is four hours, which is refused then.
 */
export function withUnits(
  partners: readonly PartnerOfFile[],
  exports: readonly ExportConfig[],
): readonly Partner[] {
  const named = partners.flatMap((one) => (one.unit === undefined ? [] : [at(one, one.unit)]));
  const chosen: Partner[] = [...named];
  const inOrder = partners.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const partner of inOrder.filter(({ unit }) => unit === undefined))
    chosen.push(at(partner, longestFor(partner, { exports, partners: chosen })));
  return chosen;
}

const at = (partner: PartnerOfFile, unit: number): Partner => ({ ...partner, unit });

function longestFor(
  partner: PartnerOfFile,
  others: { readonly exports: readonly ExportConfig[]; readonly partners: readonly Partner[] },
): number {
  const reader = readerOf(at(partner, USUAL_UNIT));
  const readers = [
    ...others.exports,
    ...others.partners.filter(({ mode }) => mode === 'padded').map(readerOf),
  ].filter((other) => shareKeys(reader, other));
  const fits = (unit: number): boolean =>
    readers.every(({ period }) => unit % period === 0 || period % unit === 0);
  return UNITS.find(fits) ?? USUAL_UNIT;
}

/** Whole minutes that divide a day, the longest first. */
const UNITS = Array.from({ length: USUAL_UNIT / MINUTE }, (_, n) => USUAL_UNIT - n * MINUTE).filter(
  (unit) => DAY % unit === 0,
);
