import type { ConfiguredId } from './field-types.ts';
import type { KeySetProblem } from './words.ts';

/** The events of the keys that others rely on: those of revision tokens, and those of health authorities. */
export interface TrustEvents {
  'trust.data_key_created': { readonly number: number };
  'trust.data_key_destroyed': { readonly number: number };
  /** Other keys of a health authority count from now on, since it serves others. */
  'trust.authority_keys_changed': {
    readonly authority: ConfiguredId;
    readonly added: number;
    readonly ended: number;
    readonly reinstated: number;
    /** Learned keys that have not ended. */
    readonly live: number;
  };
  /** What a health authority serves as its keys could not be learned: what was learned before stays. */
  'trust.authority_keys_failed': {
    readonly authority: ConfiguredId;
    readonly problem: KeySetProblem;
    /** In a row. */
    readonly failures: number;
  };
}

/** Their severities. */
export const TRUST_SEVERITY = {
  'trust.data_key_created': 'info',
  'trust.data_key_destroyed': 'info',
  'trust.authority_keys_changed': 'info',
  'trust.authority_keys_failed': 'error',
} as const;
