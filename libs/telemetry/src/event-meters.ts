import { type EventName, type Events, type Logger, SEVERITY } from '@keyserver/log';
import { SECOND } from '@keyserver/time';
import type { JobOutcome, Meters } from './instruments.ts';

const AUTHORITY_KEY_CHANGES = ['added', 'ended', 'reinstated'] as const;

type Counted = {
  readonly [N in EventName]?: (fields: Events[N], meters: Meters) => void;
};

/** What events add to the figures. An event is logged where its outcome is known, so nothing else need be told there. */
const COUNTED: Counted = {
  'publish.accepted': countUpload,
  'publish.refused': ({ app, certificate }, meters) => {
    if (app !== undefined && certificate !== undefined)
      meters.add('keyserver_certificates_refused_total', { app, certificate });
  },
  'publish.covered': ({ count }, meters) => {
    meters.add('keyserver_cover_requests_total', {}, count);
  },
  'export.batches_created': ({ config, created }, meters) => {
    meters.add('keyserver_batches_created_total', { config }, created);
  },
  'export.batch_finished': ({ config, keys, padding, ms }, meters) => {
    meters.add('keyserver_batches_finished_total', { config });
    meters.add('keyserver_exported_keys_total', { config }, keys + padding);
    meters.observe('keyserver_batch_seconds', { config }, ms / SECOND);
  },
  'export.batch_failed': ({ config, reason }, meters) => {
    meters.add('keyserver_batches_failed_total', { config, reason });
  },
  'export.no_signer': ({ config }, meters) => {
    meters.add('keyserver_batches_failed_total', { config, reason: 'no_signer' });
  },
  'federation.served': ({ partner, keys, revised }, meters) => {
    meters.add('keyserver_federation_calls_total', { partner, call: 'answered' });
    meters.add('keyserver_federation_served_keys_total', { partner }, keys + revised);
  },
  'federation.refused': ({ partner, reason }, meters) => {
    meters.add('keyserver_federation_calls_total', { partner, call: reason });
  },
  'job.finished': (fields, meters) => {
    countRun(fields, fields.done > 0 || fields.left > 0 ? 'done' : 'idle', meters);
  },
  'job.failed': (fields, meters) => {
    countRun(fields, 'failed', meters);
  },
  'job.too_early': ({ job }, meters) => {
    meters.add('keyserver_job_runs_total', { job_name: job, outcome: 'too_early' });
  },
  'trust.data_key_created': (_fields, meters) => {
    meters.add('keyserver_data_keys_total', { data_key: 'created' });
  },
  'trust.data_key_destroyed': (_fields, meters) => {
    meters.add('keyserver_data_keys_total', { data_key: 'destroyed' });
  },
  'trust.authority_keys_changed': ({ authority, ...changes }, meters) => {
    for (const authority_key of AUTHORITY_KEY_CHANGES)
      if (changes[authority_key] > 0)
        meters.add(
          'keyserver_authority_keys_total',
          { authority, authority_key },
          changes[authority_key],
        );
  },
  'trust.authority_keys_failed': ({ authority, problem }, meters) => {
    meters.add('keyserver_authority_key_failures_total', { authority, key_set: problem });
  },
  'federation.pulled': countPulled,
  'federation.rejected': ({ query, field, reason: reject, count }, meters) => {
    meters.add('keyserver_federation_rejects_total', { query, field, reject }, count);
  },
  'service.unhealthy': ({ problems }, meters) => {
    for (const problem of problems) meters.add('keyserver_health_problems_total', { problem });
  },
};

function countUpload(upload: Events['publish.accepted'], meters: Meters): void {
  const { app, regions, certificate, inserted, revised, dropped } = upload;
  meters.add('keyserver_exposures_total', { exposure: 'inserted' }, inserted);
  meters.add('keyserver_exposures_total', { exposure: 'revised' }, revised);
  meters.add('keyserver_exposures_total', { exposure: 'dropped' }, dropped);
  for (const region of regions) meters.add('keyserver_publish_requests_total', { app, region });
  if (certificate === undefined) return;
  meters.add('keyserver_verification_bypassed_total', { app });
  meters.add('keyserver_certificates_refused_total', { app, certificate });
}

function countPulled(run: Events['federation.pulled'], meters: Meters): void {
  const { query, inserted, revised, known, rejected, lagSeconds } = run;
  const pulled = 'keyserver_federation_pulled_keys_total';
  meters.add(pulled, { query, pulled: 'inserted' }, inserted);
  meters.add(pulled, { query, pulled: 'revised' }, revised);
  meters.add(pulled, { query, pulled: 'known' }, known);
  meters.add(pulled, { query, pulled: 'rejected' }, rejected);
  if (lagSeconds !== undefined)
    meters.observe('keyserver_federation_lag_seconds', { query }, lagSeconds);
}

function countRun(
  { job, ms }: Pick<Events['job.finished'], 'job' | 'ms'>,
  outcome: JobOutcome,
  meters: Meters,
): void {
  meters.add('keyserver_job_runs_total', { job_name: job, outcome });
  meters.observe('keyserver_job_seconds', { job_name: job }, ms / SECOND);
}

/** Adds what an event tells to the figures. */
export function countEvent<N extends EventName>(name: N, fields: Events[N], meters: Meters): void {
  meters.add('keyserver_events_total', { event: name, severity: SEVERITY[name] });
  COUNTED[name]?.(fields, meters);
}

/** The same log, whose events are counted first: also those that the level leaves out, and those that are only summed. */
export const countedLog = (log: Logger, meters: Meters): Logger => ({
  event: (name, fields) => {
    countEvent(name, fields, meters);
    log.event(name, fields);
  },
  child: (options) => countedLog(log.child(options), meters),
});
