import type { Found } from './play.ts';

/** Whether the keys of a person are where they must be, and nowhere else. */
export function isRight({ person, stored, inFiles, takenBack }: Found): boolean {
  const { expected, takesBack } = person;
  return (
    isSame(stored, expected.stored) &&
    isSame(inFiles, expected.inFiles) &&
    isSame(takenBack, takesBack ? expected.inFiles : [])
  );
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  [...a].sort().join() === [...b].sort().join();

const HEADING = ['Keys of', 'stored at', 'in files of', 'taken back in', '', 'because'];

/** Who has which keys, and why: a line for each person. */
export function renderWhereabouts(found: readonly Found[]): string {
  const rows = [
    HEADING,
    ...found.map((one) => [
      one.person.who,
      ...[one.stored, one.inFiles, one.takenBack].map(named),
      isRight(one) ? 'ok' : 'WRONG',
      one.person.why,
    ]),
  ];
  const widths = HEADING.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) => `  ${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}

const named = (countries: readonly string[]): string =>
  countries.length === 0 ? '-' : countries.join(', ');
