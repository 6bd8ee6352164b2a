/** Why a run could not go on. What `stops` needs an operator; the others may pass by themselves. */
interface PullProblemMeaning {
  readonly stops: boolean;
  /** A sentence for the operator, with what to do. */
  readonly sentence: string;
}

/** Everything that can end a run before the partner has no more, with what it means and what to do about it. */
export const PULL_PROBLEMS = {
  unreachable: {
    stops: false,
    sentence:
      'the partner does not answer: check server of the query, the way there, and its certificate; a partner on this very machine may need FEDERATION_PLAINTEXT_LOOPBACK',
  },
  slow: {
    stops: false,
    sentence: 'the partner did not answer in time: ask for fewer keys at a time with maxPageKeys',
  },
  no_token: {
    stops: false,
    sentence:
      'there is no identity token of our own: look at the credentials of this service, or at the launcher',
  },
  not_authorized: {
    stops: false,
    sentence:
      'the partner does not know us: it must grant our issuer and subject with exactly the audience of the query',
  },
  limited: {
    stops: false,
    sentence:
      'the partner limits us, or its answer is too long: ask for fewer keys at a time with maxPageKeys',
  },
  partner_failed: {
    stops: false,
    sentence: 'the partner failed: ask its operator when it goes on failing',
  },
  state_refused: {
    stops: true,
    sentence:
      'the partner refuses where we stopped, so it has lost its secret, or the regions of the query overlap: correct them, or begin at the same time again with keyserver federation reset --query',
  },
  repeats: {
    stops: true,
    sentence:
      'the partner says that more is to come and sends us in a circle: nothing is skipped; its operator must mend it',
  },
  hour_full: {
    stops: true,
    sentence:
      'the reference server has more keys in one hour than it gives out: ask for more at a time with maxPageKeys, or give up the rest of that hour with keyserver federation reset --query --from the next one',
  },
  unreadable: {
    stops: true,
    sentence:
      'the partner answers something that is not of the protocol: its operator must mend it',
  },
  clock: {
    stops: true,
    sentence:
      'a key of the partner begins more than a day from now, so a clock is wrong: compare ours and that of the partner; nothing was skipped',
  },
  window_covered: {
    stops: true,
    sentence:
      'an export is cut past the window that the keys belong into: see the runbook publish.window_covered',
  },
  position_lost: {
    stops: true,
    sentence:
      'where the query stopped is gone from the store, though it ran before: put the data back, or begin anew with keyserver federation reset --query --from',
  },
} as const satisfies Readonly<Record<string, PullProblemMeaning>>;

/** Why a run could not go on. */
export type PullProblem = keyof typeof PULL_PROBLEMS;

/** The problem of a stored word; undefined for one that this version does not know. */
export const pullProblemOf = (word: string | undefined): PullProblem | undefined =>
  word !== undefined && isProblem(word) ? word : undefined;

const isProblem = (word: string): word is PullProblem => Object.hasOwn(PULL_PROBLEMS, word);
