/** One thing that a round makes sure of. */
export interface Check {
  readonly what: string;
  readonly expected: number;
  readonly found: number;
  /** Sentences about what was found instead. */
  readonly notes: readonly string[];
}

/** The checks that were made at one step of a round. */
export interface Step {
  readonly title: string;
  readonly checks: readonly Check[];
}

/** A check of a count. */
export const check = (
  what: string,
  counts: { readonly expected: number; readonly found: number },
  notes: readonly string[] = [],
): Check => ({ what, ...counts, notes });

/** Whether what was found is what was expected. */
export const holds = ({ expected, found }: Check): boolean => expected === found;

/** Each check of the last turn, or of an earlier turn in which it did not hold. */
export const worstOf = (earlier: readonly Check[], last: readonly Check[]): readonly Check[] =>
  last.map((check) => earlier.find((one) => one.what === check.what && !holds(one)) ?? check);

const NOTES_SHOWN = 5;
const COLUMN = 10;

/** What every check of a round came to, as a table, and what was found instead where one does not hold. */
export function renderSteps(steps: readonly Step[]): string {
  const width = Math.max(...steps.flatMap(({ checks }) => checks.map(({ what }) => what.length)));
  const heading = `${''.padEnd(width + 2)}${columns(['expected', 'found'])}`;
  const groups = steps.flatMap(({ title, checks }) => [
    title,
    ...checks.flatMap((check) => renderCheck(check, width)),
  ]);
  return [heading, ...groups, ''].join('\n');
}

const columns = (cells: readonly string[]): string =>
  cells.map((cell) => cell.padStart(COLUMN)).join('');

function renderCheck(check: Check, width: number): readonly string[] {
  const { what, expected, found, notes } = check;
  const counts = columns([expected, found].map((n) => n.toLocaleString('en-US')));
  const row = `  ${what.padEnd(width)}${counts}  ${holds(check) ? 'ok' : 'WRONG'}`;
  return [row, ...(holds(check) ? [] : notes.slice(0, NOTES_SHOWN).map((note) => `    ${note}`))];
}

/** How many checks a round made, and how many of them do not hold. */
export function tally(steps: readonly Step[]): { readonly made: number; readonly wrong: number } {
  const checks = steps.flatMap((step) => step.checks);
  return { made: checks.length, wrong: checks.filter((check) => !holds(check)).length };
}
