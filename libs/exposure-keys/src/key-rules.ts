import { HOUR } from '@keyserver/time';
import { KEY_AGE_HOURS, ONSET_DISTANCE_DAYS } from './key-bounds.ts';

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

/** The bounds that phones and health authorities have been built against. */
export const DEFAULT_KEY_RULES: KeyRules = {
  maxKeys: 30,
  maxSameStart: 3,
  maxAge: KEY_AGE_HOURS.default * HOUR,
  maxOnsetMagnitude: ONSET_DISTANCE_DAYS.default,
  maxOnsetReport: 28,
  defaultOnset: 4,
};
