import { HOUR, INTERVAL, INTERVALS_PER_DAY, SECOND } from '@keyserver/time';

/*
 * Every bound on a key, once: for what is accepted, for what an operator may set, and for checking a published file.
 * A second, narrower bound somewhere else would call files bad that the server rightly made.
 */

/** What an operator may choose, and what holds when nothing is chosen. */
interface Choice {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

/** Intervals that a key is valid for: phones take a new key once a day at the latest. */
export const KEY_PERIOD = { min: 1, max: INTERVALS_PER_DAY } as const;

/** The highest transmission risk level that the protocol knows; 0 means that none was assigned. */
export const MAX_RISK = 8;

/**
 * For how many hours after its end a key may be published. A phone keeps its keys for 14 days; the 15th lets the last day
 * through whatever the time zone. Below a day no key of yesterday would pass; a month is longer than anybody is infectious.
 */
export const KEY_AGE_HOURS: Choice = { min: 24, max: 720, default: 360 };

/**
 * For how many hours a key is kept after its release. Phones look for files of the last 14 days; below 10 days the files
 * would vanish before phones that were off have read them, and a month bounds how long a person's keys lie here.
 */
export const KEY_RETENTION_HOURS: Choice = { min: 240, max: 720, default: 336 };

/** Days that a key may lie before or after symptom onset: phones score no distance beyond 14. */
export const ONSET_DISTANCE_DAYS: Choice = { min: 1, max: 14, default: 14 };

/**
 * A key is checked by the clock of the process, and its window is taken from store time when it is stored: at most 330 s
 * later, as no transaction lives longer, and by clocks that are at most 30 s apart. So the window may begin this much later
 * than the key was checked.
 */
const CHECK_TO_WINDOW = 360 * SECOND;

/** The first interval in which a key may end that is published at this time, for an age in milliseconds. */
export const earliestEnd = (at: number, maxAge: number): number =>
  Math.floor((at - maxAge) / INTERVAL);

/**
 * The same for a key in a released file, given when the earliest release of the keys in it was. A recall may change a key
 * for as long as it is stored.
 */
export const earliestReleasedEnd = (
  released: number,
  options: { readonly maxAgeHours: number; readonly recalled: boolean },
): number => {
  const hours = options.maxAgeHours + (options.recalled ? KEY_RETENTION_HOURS.max : 0);
  return earliestEnd(released - CHECK_TO_WINDOW, hours * HOUR);
};

/** The bounds that the keys of one upload must keep. */
export interface KeyRules {
  /** Keys in one upload. */
  readonly maxKeys: number;
  /** Keys of one upload that start in the same interval. */
  readonly maxSameStart: number;
  /** Milliseconds for which a key may be published after it has ended. */
  readonly maxAge: number;
  /** Days that a key may lie before or after symptom onset. */
  readonly maxOnsetMagnitude: number;
  /** Days back from now for which a reported onset is believed. */
  readonly maxOnsetReport: number;
  /** Days back from now at which onset is assumed when none was reported. */
  readonly defaultOnset: number;
}

const SAME = 'every service needs the same.';

/**
 * What an operator may choose of the rules, by the names of the settings. The service that takes keys reads them, and the one
 * that generates keys for real ones to hide among: each must obey what the others do.
 */
export const KEY_RULE_CHOICES = {
  MAX_KEY_AGE_HOURS: {
    about: `For how long after its end a key may be published; ${SAME}`,
    ...KEY_AGE_HOURS,
  },
  MAX_KEYS_PER_UPLOAD: {
    about: `How many keys one upload may hold; ${SAME}`,
    ...{ min: 1, max: 100, default: 30 },
  },
  MAX_KEYS_WITH_SAME_START: {
    about: `How many keys of one upload may start in the same interval; ${SAME}`,
    ...{ min: 1, max: 10, default: 3 },
  },
  MAX_ONSET_DISTANCE_DAYS: {
    about: `How many days a key may lie before or after symptom onset; ${SAME}`,
    ...ONSET_DISTANCE_DAYS,
  },
  MAX_ONSET_AGE_DAYS: {
    about: `How many days back from today a reported symptom onset is believed; ${SAME}`,
    ...{ min: 1, max: 60, default: 28 },
  },
  DEFAULT_ONSET_DAYS: {
    about: `How many days back from now onset is assumed when none was reported; ${SAME}`,
    ...{ min: 0, max: 14, default: 4 },
  },
} satisfies Readonly<Record<string, Choice & { readonly about: string }>>;

/** The rules that an operator has chosen. */
export const keyRulesOf = (
  chosen: Readonly<Record<keyof typeof KEY_RULE_CHOICES, number>>,
): KeyRules => ({
  maxKeys: chosen.MAX_KEYS_PER_UPLOAD,
  maxSameStart: chosen.MAX_KEYS_WITH_SAME_START,
  maxAge: chosen.MAX_KEY_AGE_HOURS * HOUR,
  maxOnsetMagnitude: chosen.MAX_ONSET_DISTANCE_DAYS,
  maxOnsetReport: chosen.MAX_ONSET_AGE_DAYS,
  defaultOnset: chosen.DEFAULT_ONSET_DAYS,
});

/** The bounds that phones and health authorities have been built against. */
export const DEFAULT_KEY_RULES: KeyRules = keyRulesOf({
  MAX_KEY_AGE_HOURS: KEY_RULE_CHOICES.MAX_KEY_AGE_HOURS.default,
  MAX_KEYS_PER_UPLOAD: KEY_RULE_CHOICES.MAX_KEYS_PER_UPLOAD.default,
  MAX_KEYS_WITH_SAME_START: KEY_RULE_CHOICES.MAX_KEYS_WITH_SAME_START.default,
  MAX_ONSET_DISTANCE_DAYS: KEY_RULE_CHOICES.MAX_ONSET_DISTANCE_DAYS.default,
  MAX_ONSET_AGE_DAYS: KEY_RULE_CHOICES.MAX_ONSET_AGE_DAYS.default,
  DEFAULT_ONSET_DAYS: KEY_RULE_CHOICES.DEFAULT_ONSET_DAYS.default,
});
