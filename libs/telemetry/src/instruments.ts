import type {
  ConfiguredId,
  EventName,
  Events,
  HealthProblem,
  JobName,
  RequestResult,
  RoutePattern,
  Severity,
} from '@keyserver/log';

/** Whose fault it is that a request did not end well. */
export type Blame = 'none' | 'client' | 'server';

/** How a run of a job ended; idle means that there was nothing to do. */
export type JobOutcome = 'done' | 'idle' | 'too_early' | 'failed';

/** What each label may say: one of a few words, or an id that an operator configured. Text that a client sent is none of these. */
export interface LabelValues {
  readonly route: RoutePattern | 'none';
  readonly result: RequestResult;
  readonly blame: Blame;
  readonly exposure: 'inserted' | 'revised' | 'dropped';
  readonly app: ConfiguredId;
  readonly region: ConfiguredId;
  readonly certificate: NonNullable<Events['publish.refused']['certificate']>;
  readonly config: ConfiguredId;
  readonly reason: Events['export.batch_failed']['reason'] | 'no_signer';
  readonly partner: ConfiguredId;
  readonly call: 'answered' | Events['federation.refused']['reason'];
  /** Not `job`, which Prometheus and Cloud Monitoring give each target themselves. */
  readonly job_name: JobName;
  readonly outcome: JobOutcome;
  readonly data_key: 'created' | 'destroyed';
  readonly authority: ConfiguredId;
  readonly authority_key: 'added' | 'ended' | 'reinstated';
  readonly key_set: Events['trust.authority_keys_failed']['problem'];
  readonly problem: HealthProblem;
  readonly query: ConfiguredId;
  readonly pulled: 'inserted' | 'revised' | 'known' | 'rejected';
  readonly field: Events['federation.rejected']['field'];
  readonly reject: Events['federation.rejected']['reason'];
  readonly event: EventName;
  readonly severity: Severity;
}

/** The name of a label. */
export type LabelName = keyof LabelValues;

/** One instrument: what it measures, and the labels that tell its series apart. */
interface Instrument {
  readonly about: string;
  readonly unit: string;
  readonly labels: readonly LabelName[];
}

/** Everything that is counted, by the name that it has in every exporter. */
export const COUNTERS = {
  keyserver_exposures_total: {
    about: 'Keys of accepted uploads, by what became of them',
    unit: '{key}',
    labels: ['exposure'],
  },
  keyserver_cover_requests_total: {
    about: 'Requests that were cover traffic, added up once a minute',
    unit: '{request}',
    labels: [],
  },
  keyserver_publish_requests_total: {
    about: 'Accepted uploads, once for each region of their application',
    unit: '{upload}',
    labels: ['app', 'region'],
  },
  keyserver_verification_bypassed_total: {
    about: 'Accepted uploads whose certificate did not hold, of applications that need none',
    unit: '{upload}',
    labels: ['app'],
  },
  keyserver_certificates_refused_total: {
    about: 'Certificates that did not hold, by the first check that they failed',
    unit: '{certificate}',
    labels: ['app', 'certificate'],
  },
  keyserver_batches_created_total: {
    about: 'Batches that time was cut into',
    unit: '{batch}',
    labels: ['config'],
  },
  keyserver_batches_finished_total: {
    about: 'Batches whose files are stored, or that are empty',
    unit: '{batch}',
    labels: ['config'],
  },
  keyserver_batches_failed_total: {
    about: 'Attempts at a batch that failed',
    unit: '{attempt}',
    labels: ['config', 'reason'],
  },
  keyserver_exported_keys_total: {
    about: 'Keys in finished batches, generated ones included',
    unit: '{key}',
    labels: ['config'],
  },
  keyserver_federation_served_keys_total: {
    about: 'Keys that a partner was given, revised ones included',
    unit: '{key}',
    labels: ['partner'],
  },
  keyserver_federation_calls_total: {
    about: 'Calls of a partner, by how they ended',
    unit: '{call}',
    labels: ['partner', 'call'],
  },
  keyserver_job_runs_total: {
    about: 'Runs of scheduled jobs',
    unit: '{run}',
    labels: ['job_name', 'outcome'],
  },
  keyserver_data_keys_total: {
    about: 'Changes of the data keys of revision tokens',
    unit: '{key}',
    labels: ['data_key'],
  },
  keyserver_authority_keys_total: {
    about: 'Changes of the keys that are learned from health authorities',
    unit: '{key}',
    labels: ['authority', 'authority_key'],
  },
  keyserver_authority_key_failures_total: {
    about: 'Answers of health authorities that no keys could be learned from, or that did not come',
    unit: '{answer}',
    labels: ['authority', 'key_set'],
  },
  keyserver_federation_pulled_keys_total: {
    about: 'Keys that partners sent, by what became of them',
    unit: '{key}',
    labels: ['query', 'pulled'],
  },
  keyserver_federation_rejects_total: {
    about: 'Keys of partners that were not taken, or only without a value, by field and reason',
    unit: '{key}',
    labels: ['query', 'field', 'reject'],
  },
  keyserver_health_problems_total: {
    about: 'Problems that health began to tell of',
    unit: '{problem}',
    labels: ['problem'],
  },
  keyserver_events_total: {
    about: 'Events of the log, whether or not they got a line',
    unit: '{event}',
    labels: ['event', 'severity'],
  },
  keyserver_spans_dropped_total: {
    about: 'Traces of requests that were lost on their way',
    unit: '{span}',
    labels: [],
  },
} as const satisfies Readonly<Record<string, Instrument>>;

/** Everything whose spread is measured, by the name that it has in every exporter. Each counts, too, how often it was measured. */
export const HISTOGRAMS = {
  keyserver_request_seconds: {
    about: 'How long requests took until their answer was sent',
    unit: 's',
    labels: ['route', 'result', 'blame'],
    bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600],
  },
  keyserver_job_seconds: {
    about: 'How long runs of scheduled jobs took',
    unit: 's',
    labels: ['job_name'],
    bounds: [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
  },
  keyserver_batch_seconds: {
    about: 'How long finished batches took',
    unit: 's',
    labels: ['config'],
    bounds: [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
  },
  keyserver_federation_lag_seconds: {
    about: 'How far queries were behind their partners at the end of their runs',
    unit: 's',
    labels: ['query'],
    bounds: [1, 10, 60, 300, 900, 3600, 14_400, 43_200, 86_400, 604_800],
  },
} as const satisfies Readonly<Record<string, Instrument & { readonly bounds: readonly number[] }>>;

/** The name of something that is counted. */
export type CounterName = keyof typeof COUNTERS;

/** The name of something whose spread is measured. */
export type HistogramName = keyof typeof HISTOGRAMS;

/** Labels by their names, each with what it may say. */
export type LabelsOf<L extends LabelName> = { readonly [Name in L]: LabelValues[Name] };

/** The labels of something that is counted. */
export type CounterLabels<N extends CounterName> = LabelsOf<(typeof COUNTERS)[N]['labels'][number]>;

/** The labels of something whose spread is measured. */
export type HistogramLabels<N extends HistogramName> = LabelsOf<
  (typeof HISTOGRAMS)[N]['labels'][number]
>;

/** Takes figures. There is no way to give it another name, another label, or a text of a client. */
export interface Meters {
  /** Counts `by` more of something. */
  add<N extends CounterName>(name: N, labels: CounterLabels<N>, by?: number): void;
  /** Measures something once, in the unit of the instrument. */
  observe<N extends HistogramName>(name: N, labels: HistogramLabels<N>, value: number): void;
}
