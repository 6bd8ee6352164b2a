import { type Check, check } from './checks.ts';
import { type Series, downloadSeries } from './client.ts';
import { type Comparison, changedSince, compare } from './compare.ts';
import { EXPORTS } from './configuration.ts';
import { type Ledger, hasEnded, linesIn } from './ledger.ts';
import { keysLogged, paddingLogged, problemsLogged } from './log-lines.ts';
import type { World } from './world.ts';

/** What a phone found when it downloaded everything, and what that proves. */
export interface Judgement {
  readonly series: readonly Series[];
  /** Checks of what had to be there at this time. */
  readonly now: readonly Check[];
  /** Checks of what must be so at any time. */
  readonly always: readonly Check[];
}

/** Downloads everything and holds it against all that was uploaded, and against an earlier download. */
export async function judgePublished(
  world: World,
  ledger: Ledger,
  before: readonly Series[] = [],
): Promise<Judgement> {
  const series: Series[] = [];
  for (const one of EXPORTS) series.push(await downloadSeries(world, one));
  const comparison = compare(series, ledger, world.clock.now());
  return {
    series,
    now: [...presentKeys(world, ledger, comparison), ...goodArchives(series)],
    always: [
      ...strayKeys(comparison),
      ...soundFiles(world, series),
      nothingChanged(before, series),
      keysLogged(world.log, ledger),
      problemsLogged(world.log),
    ],
  };
}

const none = (what: string, found: number): Check => check(what, { expected: 0, found });

function presentKeys(world: World, ledger: Ledger, of: Comparison): readonly Check[] {
  const now = world.clock.now();
  const due = linesIn(ledger, (key) => hasEnded(key, now));
  return [
    check('uploaded keys, as they were sent', { expected: due, found: of.right }),
    none('keys that phones still use', of.stillValid),
    check('generated keys, each counted once', {
      expected: paddingLogged(world.log),
      found: of.generated,
    }),
  ];
}

const strayKeys = (of: Comparison): readonly Check[] => [
  none('uploaded keys with other values', of.altered),
  none('keys in the files of another region', of.misplaced),
  none('keys of refused uploads', of.forbidden),
  none('keys listed twice', of.repeated),
];

function goodArchives(series: readonly Series[]): readonly Check[] {
  const archives = series.flatMap((one) => one.archives);
  return [
    check(
      'archives that phones accept',
      {
        expected: archives.length,
        found: archives.filter(({ faults }) => faults.length === 0).length,
      },
      archives.flatMap(({ faults }) => faults),
    ),
    check('valid signatures', {
      expected: sum(series, (one) => one.archives.length * one.export.signingKeys.length),
      found: sum(archives, ({ validSignatures }) => validSignatures),
    }),
  ];
}

function soundFiles({ minRecords }: World, series: readonly Series[]): readonly Check[] {
  const archives = series.flatMap((one) => one.archives);
  const faults = series.flatMap((one) => one.faults);
  return [
    none(
      'archives smaller than the padding floor',
      archives.filter(({ keys }) => keys.length < minRecords).length,
    ),
    none(
      'revised keys, as nobody revised any',
      sum(archives, ({ revisedKeys }) => revisedKeys),
    ),
    check('broken indexes and key lists', { expected: 0, found: faults.length }, faults),
  ];
}

const sum = <T>(items: readonly T[], countOf: (item: T) => number): number =>
  items.reduce((total, item) => total + countOf(item), 0);

function nothingChanged(before: readonly Series[], after: readonly Series[]): Check {
  const changed = changedSince(before, after);
  return check(
    'archives changed since first seen',
    { expected: 0, found: changed.length },
    changed,
  );
}
