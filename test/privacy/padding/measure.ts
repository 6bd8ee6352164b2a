import { type FileFigures, best, figuresOf, tellApart } from './count-people.ts';
import { type GroupingResult, groupKeys } from './group-keys.ts';
import type { LabelledFile } from './seen-file.ts';
import { MOMENTS, type Moment } from './simulate-files.ts';
import { tellRealKeys } from './tell-real-keys.ts';

/** How much padding may let anybody learn: AUCs, and for grouping a share. */
export const BOUNDS = {
  warm: { auc1v5: 0.56, auc5v10: 0.56, auc10v30: 0.58 },
  cold: { auc1v5: 0.65, auc5v10: 0.65 },
  aucRealKey: 0.53,
  grouping: 0.01,
  aucTiming: 0.53,
} as const;

/** Gives another file at each call: of so many people, with the truth about it. Days go by from file to file. */
export type FileSource = (people: number, moment: Moment) => Promise<LabelledFile>;

/** Which numbers of people are told from one another. */
const COMPARED = { auc1v5: [1, 5], auc5v10: [5, 10], auc10v30: [10, 30] } as const;
/** A comparison of two numbers of people. */
export type Comparison = keyof typeof COMPARED;
/** All comparisons. */
export const COMPARISONS = Object.keys(COMPARED) as readonly Comparison[];

/** The best AUC that was reached, and how. */
export interface BestAuc {
  readonly auc: number;
  readonly by: string;
}

/** How well files of few and of many people are told apart, in the best of all ways at the better of both moments. */
export async function countPeople(
  source: FileSource,
  options: {
    readonly files: number;
    readonly comparisons: readonly Comparison[];
    readonly moments?: readonly Moment[];
  },
): Promise<Partial<Record<Comparison, BestAuc>>> {
  const found: Partial<Record<Comparison, BestAuc>> = {};
  for (const moment of options.moments ?? MOMENTS) {
    const figures = await figuresAt(moment, source, options);
    for (const comparison of options.comparisons) {
      const [few, many] = COMPARED[comparison];
      const { name, auc } = best(tellApart(figures.get(few)!, figures.get(many)!));
      if (auc > (found[comparison]?.auc ?? 0))
        found[comparison] = { auc, by: `${name}, ${moment}` };
    }
  }
  return found;
}

/** Figures of files by their number of people, who take turns, so that all of them see the same days. */
async function figuresAt(
  moment: Moment,
  source: FileSource,
  { files, comparisons }: { readonly files: number; readonly comparisons: readonly Comparison[] },
): Promise<ReadonlyMap<number, readonly FileFigures[]>> {
  const sizes = new Set(comparisons.flatMap((comparison) => COMPARED[comparison]));
  const figures = new Map<number, FileFigures[]>([...sizes].map((people) => [people, []]));
  for (let n = 0; n < files; n++)
    for (const [people, all] of figures) all.push(figuresOf(await source(people, moment)));
  return figures;
}

/** People in the files of which single keys are judged and grouped. */
const CROWD = 10;

/** How well a real key is told from a generated one, in the better way at the better moment. */
export async function judgeKeys(
  source: FileSource,
  files: number,
  {
    people = CROWD,
    moments = MOMENTS,
  }: { readonly people?: number; readonly moments?: readonly Moment[] } = {},
): Promise<BestAuc> {
  const found: BestAuc[] = [];
  for (const moment of moments) {
    const judged = await collect(source, files, { people, moment });
    const { name, auc } = best({ ...tellRealKeys(judged) });
    found.push({ auc, by: `${name}, ${moment}` });
  }
  return found.reduce((a, b) => (b.auc > a.auc ? b : a));
}

/** How well keys are grouped by persons: at noon only, since people have a single key in the hour of held-back ones. */
export const groupByPerson = async (
  source: FileSource,
  files: number,
): Promise<Readonly<Record<string, GroupingResult>>> =>
  groupKeys(await collect(source, files, { people: CROWD, moment: 'noon' }));

async function collect(
  source: FileSource,
  files: number,
  { people, moment }: { readonly people: number; readonly moment: Moment },
): Promise<LabelledFile[]> {
  const all: LabelledFile[] = [];
  for (let n = 0; n < files; n++) all.push(await source(people, moment));
  return all;
}
