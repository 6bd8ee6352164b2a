import type { FaultCause } from './fault-trail.ts';
import type { ConfiguredId } from './field-types.ts';

/** The events of deleting what is past retention, and of folding counts before. */
export interface CleanupEvents {
  /** Counts were found of hours that were folded before: days that were shown have changed. */
  'cleanup.late_counts': { readonly count: number };
  /** Counts were past retention before any run folded them: no statistics show them. */
  'cleanup.counts_expired': { readonly count: number };
  /** Nothing is deleted yet, since the clock of this machine has been plausible for too short a time. */
  'cleanup.clock_unsettled': Readonly<Record<string, never>>;
  /** Keys have expired, and wait for exports or partners that have still to take them: an operator must act. */
  'cleanup.keys_held': { readonly documents: number };
  /** Keys were deleted that an export or a partner had still to take, after the longest wait: they are in no file. */
  'cleanup.keys_lost': { readonly documents: number };
  /** Files of an export are deleted, a day after they had left its index. */
  'cleanup.files_deleted': { readonly config: ConfiguredId; readonly files: number };
  /** Files past retention are still in their index, so they stay: an operator must act. */
  'cleanup.still_listed': { readonly config: ConfiguredId; readonly files: number };
  /** Objects of a bucket are in no record; of those below the root of an export, what was reported a day ago is deleted. */
  'cleanup.objects_unknown': {
    readonly bucket: ConfiguredId;
    readonly objects: number;
    readonly deleted: number;
  };
  /** A bucket holds archives of which the store should have records and has none: nothing of it is deleted. */
  'cleanup.records_missing': { readonly bucket: ConfiguredId; readonly objects: number };
  /** The files of an export, or a bucket, could not be looked at; the others were. */
  'cleanup.place_failed': {
    readonly place: ConfiguredId;
    readonly causes: readonly FaultCause[];
  };
}

/** Their severities. */
export const CLEANUP_SEVERITY = {
  'cleanup.late_counts': 'error',
  'cleanup.counts_expired': 'warning',
  'cleanup.clock_unsettled': 'info',
  'cleanup.keys_held': 'alert',
  'cleanup.keys_lost': 'alert',
  'cleanup.files_deleted': 'info',
  'cleanup.still_listed': 'error',
  'cleanup.objects_unknown': 'error',
  'cleanup.records_missing': 'alert',
  'cleanup.place_failed': 'error',
} as const satisfies Readonly<Record<keyof CleanupEvents, string>>;
