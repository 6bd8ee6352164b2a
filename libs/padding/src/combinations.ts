import { type ExposureKey, type ReportType, unpackRecords } from '@keyserver/exposure-keys';
import { type Random, shuffle } from '@keyserver/random';
import { type UnixMillis, daysBetween, intervalAt } from '@keyserver/time';
import { groupBy, pick, randomShares, weighted } from './chance.ts';
import type { KeyDocument } from './generated-document.ts';

/** What the keys of a document have in common beside their days: says the rest of each key. */
export type Combination = (key: ExposureKey, window: UnixMillis) => ExposureKey;

/**
 * Report types, risks and missing onset for so many generated documents, in random order. Each combination that real documents
 * of the cell have gets a tenth of them or, where there are more than five, an equal part of half. How the rest is divided is
 * drawn, every division equally likely: with equal parts, as with parts like those of the real documents, what a combination
 * has more than another would tell how many people have it.
 */
export function dealCombinations(
  documents: readonly KeyDocument[],
  count: number,
  random: Random,
): readonly Combination[] {
  const combinations = combinationsOf(documents, random);
  const least = Math.ceil(count * Math.min(0.1, 0.5 / combinations.length));
  const shares = randomShares(combinations.length, random);
  const draw = weighted(combinations, (_, n) => shares[n] ?? 0);
  const sure = combinations.flatMap((one) => Array.from({ length: least }, () => one));
  const rest = Array.from({ length: Math.max(0, count - sure.length) }, () => draw(random));
  return shuffle([...shuffle(sure, random).slice(0, count), ...rest], random);
}

/** What somebody gets whose test was positive, from a server that is told no risk. */
const POSITIVE: Combination = (key) => ({ ...key, reportType: 'confirmed', risk: 2 });

/** What keys must agree on to differ in nothing but risk. */
interface Kind {
  readonly reportType: ReportType;
  readonly isOnsetMissing: boolean;
}

/** The risks of one document's keys of a kind, by the day that they may depend on. */
type Risks = readonly { readonly day: number; readonly risk: number }[];

function combinationsOf(
  documents: readonly KeyDocument[],
  random: Random,
): readonly [Combination, ...Combination[]] {
  const kinds = new Map<string, { readonly kind: Kind; readonly risks: Risks[] }>();
  for (const document of documents)
    for (const [name, keys] of groupBy(keysOf(document), ({ kind }) => JSON.stringify(kind))) {
      const { kind, risks } = kinds.get(name) ?? { kind: keys[0].kind, risks: [] };
      kinds.set(name, { kind, risks: [...risks, keys] });
    }
  const [first, ...others] = [...kinds.values()].flatMap(({ kind, risks }) =>
    risksOf(risks, random).map((risk) => dress(kind, risk)),
  );
  return first === undefined ? [POSITIVE] : [first, ...others];
}

const keysOf = ({ records, window }: KeyDocument) =>
  unpackRecords(records).map((key) => ({
    kind: { reportType: key.reportType, isOnsetMissing: key.onsetDays === undefined },
    day: riskDay(key, window),
    risk: key.risk,
  }));

/** What an app may make the risk of a key depend on: days since onset, else days before the window. */
const riskDay = ({ onsetDays, start }: ExposureKey, window: UnixMillis): number =>
  onsetDays ?? -daysBetween(start, intervalAt(window));

/**
 * The ways in which documents of a kind have risks. Where a document has several, the risk is taken to depend on the day. All
 * documents that agree with this have it in the same way: each covers other days, so that otherwise there would be about as
 * many ways as people.
 */
function risksOf(
  documents: readonly Risks[],
  random: Random,
): readonly ((day: number) => number)[] {
  const byDay = groupBy(documents.filter(isVaried).flat(), ({ day }) => day);
  const isKnown = ({ day, risk }: Risks[number]): boolean =>
    byDay.get(day)?.some((known) => known.risk === risk) ?? false;
  const constant = documents.filter((risks) => !isVaried(risks) && !risks.every(isKnown));
  const values = new Set(constant.flat().map(({ risk }) => risk));
  const onDay = (day: number): number => pick(nearest(byDay, day), random).risk;
  return [...[...values].map((risk) => () => risk), ...(byDay.size > 0 ? [onDay] : [])];
}

const isVaried = (risks: Risks): boolean => new Set(risks.map(({ risk }) => risk)).size > 1;

/** What is known of the day, or of the one that lies nearest. */
function nearest<T>(byDay: ReadonlyMap<number, readonly T[]>, day: number): readonly T[] {
  const days = [...byDay.keys()];
  const least = Math.min(...days.map((known) => Math.abs(known - day)));
  return byDay.get(day - least) ?? byDay.get(day + least) ?? [];
}

/** Makes keys be of a kind, with risks by their days. */
const dress =
  ({ reportType, isOnsetMissing }: Kind, riskOn: (day: number) => number): Combination =>
  (key, window) => {
    const bare = { ...key, reportType, onsetDays: isOnsetMissing ? undefined : key.onsetDays };
    return { ...bare, risk: riskOn(riskDay(bare, window)) };
  };
