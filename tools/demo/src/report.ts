import { type Check, holds } from './checks.ts';
import type { Step } from './round.ts';

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
