import { problemLine } from '@keyserver/launcher';
import { type FoundCell, cellsIn } from './cells.ts';
import { type Check, check } from './checks.ts';
import { type Series, downloadSeries } from './client.ts';
import { EXPORTS } from './configuration.ts';
import {
  type Comparison,
  type Ledger,
  changedSince,
  compare,
  hasEnded,
  linesIn,
} from './ledger.ts';
import type { Simulation } from './simulation.ts';

/** What a phone downloaded, and the checks that were made on it. */
export interface Judgement {
  readonly series: readonly Series[];
  /** Checks of what had to be there at this time. */
  readonly now: readonly Check[];
  /** Checks of what must be so at any time. */
  readonly always: readonly Check[];
}

/** Downloads everything and compares it with all that was uploaded, and with an earlier download. */
export async function judgePublished(
  simulation: Simulation,
  ledger: Ledger,
  before: readonly Series[] = [],
): Promise<Judgement> {
  const series: Series[] = [];
  for (const one of EXPORTS) series.push(await downloadSeries(simulation, one));
  const comparison = compare(series, ledger, simulation.clock.now());
  return {
    series,
    now: [...presentKeys(simulation, ledger, comparison), ...goodArchives(series)],
    always: [
      ...strayKeys(comparison),
      ...soundFiles(series),
      ...soundCells(simulation, cellsIn(series, ledger)),
      nothingChanged(before, series),
      keysLogged(simulation.log, ledger),
      problemsLogged(simulation.log),
    ],
  };
}

const none = (what: string, found: number): Check => check(what, { expected: 0, found });

function presentKeys(
  simulation: Simulation,
  ledger: Ledger,
  comparison: Comparison,
): readonly Check[] {
  const now = simulation.clock.now();
  const due = linesIn(ledger, (key) => hasEnded(key, now));
  return [
    check('uploaded keys, as they were sent', { expected: due, found: comparison.right }),
    none('keys that phones still use', comparison.stillValid),
    check('generated keys, in all files together', {
      expected: paddingLogged(simulation.log),
      found: comparison.generated,
    }),
  ];
}

const strayKeys = (comparison: Comparison): readonly Check[] => [
  none('uploaded keys with other values', comparison.altered),
  none('keys in the files of another region', comparison.misplaced),
  none('keys of refused uploads', comparison.forbidden),
  none('keys listed twice', comparison.repeated),
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

function soundFiles(series: readonly Series[]): readonly Check[] {
  const archives = series.flatMap((one) => one.archives);
  const faults = series.flatMap((one) => one.faults);
  return [
    none(
      'revised keys, as nobody revised any',
      sum(archives, ({ revised }) => revised.size),
    ),
    check('broken indexes and key lists', { expected: 0, found: faults.length }, faults),
  ];
}

/**
 * What is left when files are subtracted from one another hides among at least as many keys as the floor says. That holds only
 * if both series have the very same generated keys for the travelers that are in both.
 */
function soundCells({ minRecords }: Simulation, cells: readonly FoundCell[]): readonly Check[] {
  const small = cells.filter(({ uploaded, generated }) => uploaded + generated < minRecords);
  const empty = cells.filter(({ uploaded }) => uploaded === 0);
  const found = [
    ['differences of files below the padding floor', small],
    ['differences of files that nobody uploaded', empty],
  ] as const;
  return found.map(([what, wrong]) =>
    check(what, { expected: 0, found: wrong.length }, wrong.map(sentenceOf)),
  );
}

const sentenceOf = ({ archives, uploaded, generated }: FoundCell): string =>
  `in ${archives.join(' and ')} there are ${uploaded} uploaded keys and ${generated} generated ones`;

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

/** Whatever a service thought worth a warning, except callers that it had to refuse. */
function problemsLogged(log: readonly string[]): Check {
  const problems = log
    .map(problemLine)
    .filter((line) => line !== undefined)
    .filter((line) => !line.includes(' caller.refused '));
  return check('problems in the logs', { expected: 0, found: problems.length }, problems);
}

/** Keys that can be read in the logs, in either spelling. */
function keysLogged(log: readonly string[], { promised, forbidden }: Ledger): Check {
  const text = log.join('');
  const lowerCased = text.toLowerCase();
  const found = [...promised.keys(), ...forbidden].filter((key) => {
    const hex = Buffer.from(key, 'base64').toString('hex');
    return text.includes(key) || (hex !== '' && lowerCased.includes(hex));
  });
  return check('keys in the logs', { expected: 0, found: found.length });
}

/** How many generated keys the export service says that its files hold. Those of a cell are counted in each of its files. */
const paddingLogged = (log: readonly string[]): number =>
  log.map(paddingOf).reduce((sum, padding) => sum + padding, 0);

function paddingOf(line: string): number {
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== 'object' || entry === null) return 0;
  return 'padding' in entry ? Number(entry.padding) : 0;
}
