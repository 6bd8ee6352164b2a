import { type JobName, SEVERITY } from '@keyserver/log';
import { SCHEDULED_JOBS, type ScheduledJob } from '@keyserver/scheduled-jobs';
import { COUNTERS, HISTOGRAMS, INSTANTS } from '@keyserver/telemetry';

/** What the services that this version brings call their jobs in events and figures. */
const LOGGED = {
  export: { 'create-batches': 'create-batches', 'do-work': 'do-work' },
  cleanup: { totals: 'cleanup-totals', keys: 'cleanup-keys', exports: 'cleanup-exports' },
  trust: {
    'rotate-keys': 'rotate-keys',
    'refresh-authority-keys': 'refresh-authority-keys',
  },
  'federation-pull': { pull: 'federation-pull' },
} as const satisfies {
  readonly [S in Exclude<keyof typeof SCHEDULED_JOBS, 'import'>]: Readonly<
    Record<(typeof SCHEDULED_JOBS)[S][number]['name'], JobName>
  >;
};

const rendered = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The jobs that terraform makes, by service. */
export const renderedJobs = (): string =>
  rendered(
    Object.fromEntries(
      Object.entries(LOGGED).map(([service, logged]) => [
        service,
        jobsOf(service).map((job) => ({
          ...job,
          logged: new Map(Object.entries(logged)).get(job.name),
        })),
      ]),
    ),
  );

const jobsOf = (service: string): readonly ScheduledJob[] =>
  new Map<string, readonly ScheduledJob[]>(Object.entries(SCHEDULED_JOBS)).get(service) ?? [];

/** Every figure, as Cloud Monitoring has it: what OTLP brings is a metric of Prometheus there, made when the first of it comes. */
export const renderedMetrics = (): string =>
  rendered(
    Object.fromEntries([
      ...Object.entries(COUNTERS).map(([name, figure]) => [name, described('counter', figure)]),
      ...Object.entries(HISTOGRAMS).map(([name, figure]) => [name, described('histogram', figure)]),
      ...Object.entries(INSTANTS).map(([name, figure]) => [name, described('gauge', figure)]),
    ]),
  );

const described = (
  kind: 'counter' | 'histogram' | 'gauge',
  figure: { readonly about: string; readonly unit: string; readonly labels: readonly string[] },
) => ({ kind, unit: figure.unit, about: figure.about, labels: figure.labels });

/** Severities from which on somebody must act. */
const ALARMING: ReadonlySet<string> = new Set(['error', 'critical', 'alert']);

/** Events that somebody must act on, with their severities; those of the launcher are of one machine only. */
export const renderedAlarms = (): string =>
  rendered(
    Object.fromEntries(
      Object.entries(SEVERITY).filter(
        ([name, severity]) => ALARMING.has(severity) && !name.startsWith('launcher.'),
      ),
    ),
  );
