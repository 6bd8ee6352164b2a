import type { Patient } from './patient.ts';

/** What a check comes to. One that could not be made never counts as ok. */
export const STATUSES = ['ok', 'warning', 'failure', 'not_applicable', 'could_not_tell'] as const;

/** One of them. */
export type Status = (typeof STATUSES)[number];

/** What a check has found, in one sentence for the operator. It holds counts and configured names, never a key or a secret. */
export interface Finding {
  readonly status: Status;
  readonly found: string;
  /** How to mend just this, where that is known better than what the check says in general. */
  readonly mend?: string;
}

/** Something that is looked at. It reads only, but where `about` says otherwise. */
export interface Check {
  /** Stable, since scripts name it. */
  readonly id: string;
  /** What is looked at, as a sentence. */
  readonly about: string;
  /** Why it matters. */
  readonly why: string;
  /** How what it finds is mended. */
  readonly mend: string;
  /** Looks. What it throws becomes `could_not_tell`, with the sentence of the error. */
  readonly run: (patient: Patient) => Promise<Finding>;
}

export const ok = (found: string): Finding => ({ status: 'ok', found });
export const warning = (found: string, mend?: string): Finding => finding('warning', found, mend);
export const failure = (found: string, mend?: string): Finding => finding('failure', found, mend);
/** There is nothing to look at; the sentence says why. */
export const notApplicable = (found: string): Finding => ({ status: 'not_applicable', found });
export const couldNotTell = (found: string, mend?: string): Finding =>
  finding('could_not_tell', found, mend);

const finding = (status: Status, found: string, mend?: string): Finding =>
  mend === undefined ? { status, found } : { status, found, mend };

/** A check of what real phones meet. A development store makes files every few seconds, and they read none of them. */
export const forRealPhones = (check: Check): Check => ({
  ...check,
  run: async (patient) =>
    patient.settings.profile === 'production'
      ? await check.run(patient)
      : notApplicable('No phone of a real person reads what a development store publishes.'),
});

/** From the worst on. */
const BY_GRAVITY: readonly Status[] = ['failure', 'could_not_tell', 'warning'];

/** Sentences that are told of one check; the others are counted. */
const MOST_TOLD = 3;

/** One finding of several: the worst status, with the sentences that have it; `fine` when nothing is wrong. */
export function worstOf(findings: readonly Finding[], fine: Finding): Finding {
  const status = BY_GRAVITY.find((each) => findings.some((one) => one.status === each));
  if (status === undefined) return fine;
  const all = findings.filter((one) => one.status === status);
  const told = all.slice(0, MOST_TOLD).map(({ found }) => found);
  const rest = all.length > MOST_TOLD ? [`${all.length - MOST_TOLD} more like these.`] : [];
  return finding(
    status,
    [...told, ...rest].join(' '),
    all.find(({ mend }) => mend !== undefined)?.mend,
  );
}

/** One line about any error: faults carry a sentence for the operator. */
export function sentenceOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split('\n', 1).join('').trim();
  return asSentence(line === '' ? 'something unexpected went wrong' : line);
}

/** A text as a sentence of its own. What begins with a path, an address or a name stays as it is. */
export const asSentence = (text: string): string => {
  const isWord = /^[a-z]+[ ,]/.test(text);
  const begun = isWord ? text.slice(0, 1).toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
};

/** A count and its noun, as in "1 key" and "2 keys". */
export const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
