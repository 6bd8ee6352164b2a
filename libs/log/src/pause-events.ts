import type { FaultCause } from './fault-trail.ts';
import type { ConfiguredId } from './field-types.ts';
import type { PauseKind } from './words.ts';

/** The events of regions, apps and queries that an operator has paused. */
export interface PauseEvents {
  /** What is paused could not be read; uploads are taken by what was read before, for 30 seconds. */
  'publish.pauses_not_read': { readonly causes: readonly FaultCause[] };
  /** A batch waits for the end of a pause that began while it was worked on; what is made so far is kept. */
  'export.batch_paused': { readonly config: ConfiguredId; readonly batch: ConfiguredId };
  /** A pause ends by itself soon, since keys would be lost: an operator must act. */
  'pause.ends_soon': {
    readonly kind: PauseKind;
    readonly target: ConfiguredId;
    readonly hours: number;
  };
  /** A pause has ended by itself; what waited goes out. */
  'pause.ended': { readonly kind: PauseKind; readonly target: ConfiguredId };
}

/** Their severities. */
export const PAUSE_SEVERITY = {
  'publish.pauses_not_read': 'warning',
  'export.batch_paused': 'info',
  'pause.ends_soon': 'alert',
  'pause.ended': 'alert',
} as const satisfies Readonly<Record<keyof PauseEvents, string>>;
