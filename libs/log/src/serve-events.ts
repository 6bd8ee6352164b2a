import type { ConfiguredId } from './field-types.ts';
import type { FederationRefusal } from './words.ts';

/** Events of giving keys to partners. */
export interface ServeEvents {
  /** A partner's call was answered. */
  'federation.served': {
    readonly partner: ConfiguredId;
    readonly keys: number;
    readonly revised: number;
    /** Keys that the protocol has no words for. */
    readonly leftOut: number;
    /** More can be had at once. */
    readonly partial: boolean;
    /** How far before now the unit begins that the partner goes on with, s; 0 before the partner begins. */
    readonly behind: number;
    readonly ms: number;
  };
  'federation.refused': { readonly partner: ConfiguredId; readonly reason: FederationRefusal };
  /** The partner went away before it was answered. */
  'federation.aborted': { readonly partner: ConfiguredId };
  /**
   * The key that seals positions of partners was drawn: for the first call, or since the one before is lost. Then partners whose
   * states were sealed with that one are refused, and their operators must act.
   */
  'federation.sealing_key_drawn': Readonly<Record<string, never>>;
}

/** How much each of them matters. */
export const SERVE_SEVERITY = {
  'federation.served': 'info',
  'federation.refused': 'warning',
  'federation.aborted': 'info',
  'federation.sealing_key_drawn': 'warning',
} as const satisfies Readonly<Record<keyof ServeEvents, string>>;
