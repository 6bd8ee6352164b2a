import type { FaultCause } from './fault-trail.ts';
import type { ConfiguredId } from './field-types.ts';
import type { PullProblem, RejectField, RejectReason } from './words.ts';

/** The events of fetching keys from other servers. */
export interface PullEvents {
  /** A run of a federation query has ended, however it did. */
  'federation.pulled': {
    readonly query: ConfiguredId;
    readonly pages: number;
    readonly inserted: number;
    readonly revised: number;
    readonly known: number;
    readonly rejected: number;
    /** Since when it may lack something that its partner had. */
    readonly lagSeconds?: number;
  };
  /** Keys of a partner were not taken, or one of their values; one event of each run for each field and reason. */
  'federation.rejected': {
    readonly query: ConfiguredId;
    readonly field: RejectField;
    readonly reason: RejectReason;
    readonly count: number;
  };
  /** A run could not go on; the next one tries again, after a pause that grows. */
  'federation.failed': {
    readonly query: ConfiguredId;
    readonly problem: PullProblem;
    readonly causes: readonly FaultCause[];
  };
  /** A query was not run, since it waits for the end of a pause. */
  'federation.paused': { readonly query: ConfiguredId };
  /** A query cannot go on by itself: an operator must act. Nothing was skipped. */
  'federation.stopped': { readonly query: ConfiguredId; readonly problem: PullProblem };
}

/** Their severities. */
export const PULL_SEVERITY = {
  'federation.pulled': 'info',
  'federation.rejected': 'warning',
  'federation.failed': 'warning',
  'federation.paused': 'warning',
  'federation.stopped': 'alert',
} as const satisfies Readonly<Record<keyof PullEvents, string>>;
