import type { UnixMillis } from '@keyserver/time';
import type { LabelName, LabelsOf } from './instruments.ts';

/** One figure that says how far something has come. All are in seconds since 1970. */
interface Instant {
  readonly about: string;
  readonly unit: 's';
  readonly labels: readonly LabelName[];
}

/**
 * Everything that has to get on, by the name that it has in every exporter. Each is the instant that it has come to and not an
 * age: an age that nobody sends any more stands still, while the time since an instant grows
 * (https://prometheus.io/docs/practices/instrumentation/#timestamps-not-time-since). What has never come to anything is 0, so
 * that it is not missing (https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics).
 */
export const INSTANTS = {
  keyserver_export_made_until_timestamp_seconds: {
    about: 'Start of the oldest window of an export whose files are not made',
    unit: 's',
    labels: ['config'],
  },
  keyserver_export_published_until_timestamp_seconds: {
    about: 'Start of the oldest window of an export whose files its index does not list',
    unit: 's',
    labels: ['config'],
  },
  keyserver_partner_settled_until_timestamp_seconds: {
    about: 'Start of the oldest window that a padded partner is not given',
    unit: 's',
    labels: ['partner'],
  },
  keyserver_job_completed_timestamp_seconds: {
    about: 'When a job last did all that was due',
    unit: 's',
    labels: ['job_name'],
  },
  keyserver_federation_caught_up_timestamp_seconds: {
    about: 'Since when a query may lack something that its partner had',
    unit: 's',
    labels: ['query'],
  },
  keyserver_federation_served_until_timestamp_seconds: {
    about: 'Where a partner stood after its last call of this process',
    unit: 's',
    labels: ['partner'],
  },
  keyserver_data_key_created_timestamp_seconds: {
    about: 'When the newest data key of revision tokens was made',
    unit: 's',
    labels: [],
  },
  keyserver_authority_answered_timestamp_seconds: {
    about: 'When a health authority last gave keys that could be learned',
    unit: 's',
    labels: ['authority'],
  },
  keyserver_pauses_read_timestamp_seconds: {
    about: 'When this process last read what is paused',
    unit: 's',
    labels: [],
  },
} as const satisfies Readonly<Record<string, Instant>>;

/** The name of such a figure. */
export type InstantName = keyof typeof INSTANTS;

/** The labels of such a figure. */
export type InstantLabels<N extends InstantName> = LabelsOf<(typeof INSTANTS)[N]['labels'][number]>;

/** Says how far one thing has come; 0 for what has never come to anything. */
export type TellInstant = <N extends InstantName>(
  name: N,
  labels: InstantLabels<N>,
  at: UnixMillis,
) => void;

/** Reads how far things have come from where that is kept, so that a process that has just started knows it too. */
export type ReadProgress = (tell: TellInstant) => Promise<void>;

/** One figure as it was read. */
export interface ReadInstant {
  readonly name: InstantName;
  readonly labels: Readonly<Record<string, string>>;
  readonly at: UnixMillis;
}
