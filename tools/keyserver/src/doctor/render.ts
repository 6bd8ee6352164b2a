import {
  ALL_CHECKS,
  CHECK_GROUPS,
  type Examined,
  STATUSES,
  type Status,
  counted,
} from '@keyserver/doctor';
import { jsonText, printable } from '../render.ts';

const WORDS: Readonly<Record<Status, string>> = {
  ok: 'ok',
  warning: 'warning',
  failure: 'FAILURE',
  not_applicable: '-',
  could_not_tell: 'unknown',
};

/** Select Graphic Rendition of ECMA-48: green, yellow, red, faint, magenta. */
const COLOURS: Readonly<Record<Status, string>> = {
  ok: '32',
  warning: '33',
  failure: '1;31',
  not_applicable: '2',
  could_not_tell: '35',
};

const WORD_WIDTH = 9;
const ID_WIDTH = Math.max(...ALL_CHECKS.map(({ id }) => id.length)) + 2;
/** Sentences name files, buckets and figures; a stranger's text among them is bounded long before. */
const LONGEST = 1000;

/** All outcomes as people read them: a line for each, why and how to mend where something is wrong, and a summary. */
export function renderExamined(outcomes: readonly Examined[], colours: boolean): string {
  const paint = (status: Status, text: string): string =>
    colours ? `\u001B[${COLOURS[status]}m${text}\u001B[0m` : text;
  const sections = CHECK_GROUPS.map(({ name, checks }) => {
    const own = outcomes.filter(({ check }) => checks.includes(check));
    if (own.length === 0) return '';
    return `${name}\n${own.map((one) => linesOf(one, paint)).join('')}\n`;
  });
  return `${sections.join('')}${summaryOf(outcomes)}\n`;
}

type Paint = (status: Status, text: string) => string;

function linesOf({ check, status, found, mend }: Examined, paint: Paint): string {
  const word = paint(status, WORDS[status].padEnd(WORD_WIDTH));
  const line = `  ${word}${check.id.padEnd(ID_WIDTH)}${printable(found, LONGEST)}\n`;
  if (status === 'ok' || status === 'not_applicable') return line;
  const margin = ' '.repeat(2 + WORD_WIDTH);
  return `${line}${margin}why   ${check.why}\n${margin}mend  ${printable(mend ?? check.mend, LONGEST)}\n`;
}

const NOUNS: Readonly<Record<Status, (n: number) => string>> = {
  ok: (n) => `${n} ok`,
  warning: (n) => counted(n, 'warning'),
  failure: (n) => counted(n, 'failure'),
  not_applicable: (n) => `${n} not applicable`,
  could_not_tell: (n) => `${n} could not be made`,
};

/** How many outcomes there are of each kind, in one line. */
const summaryOf = (outcomes: readonly Counted[]): string =>
  `${counted(outcomes.length, 'check')}: ${told(outcomes, STATUSES)}.`;

/** How many outcomes somebody has to see to. */
export const complaintsOf = (outcomes: readonly Counted[]): string =>
  told(outcomes, ['failure', 'warning', 'could_not_tell']);

interface Counted {
  readonly status: Status;
}

const told = (outcomes: readonly Counted[], statuses: readonly Status[]): string =>
  statuses
    .map((status) => [status, outcomes.filter((one) => one.status === status).length] as const)
    .filter(([, n]) => n > 0)
    .map(([status, n]) => NOUNS[status](n))
    .join(', ');

/** All outcomes as machines read them. */
export const examinedJson = (outcomes: readonly Examined[]): string =>
  jsonText({
    checks: outcomes.map(({ check, status, found, mend }) => ({
      ...{ id: check.id, status, found: printable(found, LONGEST) },
      ...{ why: check.why, mend: printable(mend ?? check.mend, LONGEST) },
    })),
  });
