import { INTERVALS_PER_DAY } from '@keyserver/time';
import { auc } from './auc.ts';
import { trainLogistic } from './classifier.ts';
import {
  GENERATED,
  type LabelledFile,
  type SeenFile,
  type SeenKey,
  ageOf,
  classOf,
  combinationOf,
  onsetBefore,
} from './seen-file.ts';
import { type Counts, countsOf } from './tally.ts';

/*
 * Real or generated? Somebody who has learned of every key in all earlier files what it is looks at the keys of new ones. They
 * know how common each property is among both, and see what else is in the file.
 */

/** What a key says of itself, each as one number: alone they are common, together they may be rare. */
const PROPERTIES: readonly ((key: SeenKey, file: SeenFile) => number)[] = [
  classOf,
  ageOf,
  onsetBefore,
  (key, file) => ageOf(key, file) * 256 + onsetBefore(key, file),
  ({ start, period }) => (start % INTERVALS_PER_DAY) * 256 + period,
  ({ onsetDays }) => onsetDays ?? -100,
  combinationOf,
];

/** AUCs of two ways to tell real keys from generated ones. */
export interface RealKeyAucs {
  /** How often the class of a key was a real one's in earlier files. */
  readonly naiveBayes: number;
  /** A logistic classifier over that, over the same for single properties, and over what else is in the file. */
  readonly logistic: number;
}

/** Learns from two thirds of the files and judges every key of the last third. */
export function tellRealKeys(files: readonly LabelledFile[]): RealKeyAucs {
  const third = Math.floor(files.length / 3);
  const [earliest, earlier, latest] = [
    files.slice(0, third),
    files.slice(third, 2 * third),
    files.slice(2 * third),
  ];
  const odds = learnOdds(earliest);
  const training = split(earlier, (file) => keyFeatures(file, odds), true);
  const score = trainLogistic(training.generated, training.real);
  const judged = split(latest, (file) => keyFeatures(file, odds), false);
  const byClass = (features: readonly number[]): number => features[0]!;
  return {
    naiveBayes: auc(judged.generated.map(byClass), judged.real.map(byClass)),
    logistic: auc(judged.generated.map(score), judged.real.map(score)),
  };
}

/** How much likelier each value of each property is among real keys than among generated ones, as a logarithm. */
type Odds = readonly ((value: number) => number)[];

const SMOOTHING = 2;

function learnOdds(files: readonly LabelledFile[]): Odds {
  return PROPERTIES.map((property) => {
    const { real, generated } = split(
      files,
      (file) => file.keys.map((key) => property(key, file)),
      false,
    );
    const [ofReal, ofGenerated] = [countsOf(real), countsOf(generated)];
    const share = (counts: Counts, value: number, all: number): number =>
      ((counts.get(value) ?? 0) + SMOOTHING * prior(value)) / (all + SMOOTHING);
    const prior = (value: number): number =>
      ((ofReal.get(value) ?? 0) + (ofGenerated.get(value) ?? 0) + 1) /
      (real.length + generated.length + 1);
    return (value) =>
      Math.log(share(ofReal, value, real.length) / share(ofGenerated, value, generated.length));
  });
}

/** Features of all keys of a file, in their order; the first is the odds of its class. */
function keyFeatures(file: SeenFile, odds: Odds): readonly (readonly number[])[] {
  const { keys } = file;
  const onsets = keys.map((key) => onsetBefore(key, file));
  const classes = countsOf(keys.map((key) => classOf(key, file)));
  const sameOnset = countsOf(onsets);
  const sameDay = countsOf(keys.map((key) => ageOf(key, file)));
  const begins = countsOf(keys.map(({ start }, n) => start * 256 + onsets[n]! + 64));
  const ends = countsOf(
    keys.map(({ start, period }, n) => (start + period) * 256 + onsets[n]! + 64),
  );
  return keys.map((key, n) => [
    ...odds.map((ofValue, at) => ofValue(PROPERTIES[at]!(key, file))),
    Math.log(classes.get(classOf(key, file))!),
    Math.log(sameOnset.get(onsets[n]!)!),
    Math.log(sameDay.get(ageOf(key, file))!),
    Math.log(1 + (begins.get((key.start + key.period) * 256 + onsets[n]! + 64) ?? 0)),
    Math.log(1 + (ends.get(key.start * 256 + onsets[n]! + 64) ?? 0)),
  ]);
}

/** Whatever a function says of each key, of real and of generated ones apart; as many of both from each file, if wanted. */
function split<T>(
  files: readonly LabelledFile[],
  describe: (file: LabelledFile) => readonly T[],
  balanced: boolean,
): { readonly real: T[]; readonly generated: T[] } {
  const all: { real: T[]; generated: T[] } = { real: [], generated: [] };
  for (const file of files) {
    const described = describe(file);
    const real = described.filter((_, n) => file.owners[n] !== GENERATED);
    const generated = described.filter((_, n) => file.owners[n] === GENERATED);
    const every = balanced
      ? Math.max(1, Math.floor(generated.length / Math.max(1, real.length)))
      : 1;
    for (const one of real) all.real.push(one);
    generated.forEach((one, n) => n % every === 0 && all.generated.push(one));
  }
  return all;
}
