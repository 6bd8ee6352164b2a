import {
  type ValuesOf,
  callerVariables,
  fileVariables,
  integer,
  listeningVariables,
  oneOf,
  settings,
  storeVariables,
  telemetryVariables,
} from '@keyserver/config';
import { EXPORT_RETENTION_HOURS, INDEX_MAX_AGE_SECONDS } from '@keyserver/export-file';
import { KEY_RETENTION_HOURS, KEY_RULE_CHOICES } from '@keyserver/exposure-keys';
import { LOG_LEVELS } from '@keyserver/log';
import { HOUR, SECOND } from '@keyserver/time';
import type { ScheduledJobsDeps } from './scheduled-jobs.ts';

/** Every variable that the export service reads. */
export const exportSettings = settings({
  ...listeningVariables('the scheduler is answered'),
  ...storeVariables,
  ...fileVariables,
  MIN_WINDOW_AGE_SECONDS: integer({
    about: 'How old a window must be before it is exported.',
    min: 0,
    max: 86_400,
    default: 7200,
  }),
  KEY_RETENTION_HOURS: integer({
    about: 'For how long a published key is kept after its release; every service needs the same.',
    ...KEY_RETENTION_HOURS,
  }),
  MAX_KEY_AGE_HOURS: integer(KEY_RULE_CHOICES.MAX_KEY_AGE_HOURS),
  MAX_KEYS_PER_UPLOAD: integer(KEY_RULE_CHOICES.MAX_KEYS_PER_UPLOAD),
  MAX_KEYS_WITH_SAME_START: integer(KEY_RULE_CHOICES.MAX_KEYS_WITH_SAME_START),
  MAX_ONSET_DISTANCE_DAYS: integer(KEY_RULE_CHOICES.MAX_ONSET_DISTANCE_DAYS),
  MAX_ONSET_AGE_DAYS: integer(KEY_RULE_CHOICES.MAX_ONSET_AGE_DAYS),
  DEFAULT_ONSET_DAYS: integer(KEY_RULE_CHOICES.DEFAULT_ONSET_DAYS),
  EXPORT_RETENTION_HOURS: integer({
    about: 'For how long an exported file stays in the index; cleanup needs the same.',
    ...EXPORT_RETENTION_HOURS,
  }),
  INDEX_MAX_AGE_SECONDS: integer({
    about: 'For how long caches and phones may keep an index and the verification keys beside it.',
    ...INDEX_MAX_AGE_SECONDS,
  }),
  EXPORT_LATE_SECONDS: integer({
    about:
      'How long after it was due a batch may take to be listed before an alert and health say that the export is late.',
    min: 60,
    max: 86_400,
    default: 1800,
  }),
  CATCH_UP_BATCHES: integer({
    about:
      'How many batches of one export one run creates at most; what is left waits for the next.',
    min: 1,
    max: 480,
    default: 200,
  }),
  CREATE_BATCHES_DEADLINE_SECONDS: integer({
    about: 'How long one call of /create-batches may take; less than its caller waits.',
    min: 5,
    max: 3600,
    default: 280,
  }),
  WORK_DEADLINE_SECONDS: integer({
    about: 'How long one call of /do-work may take; less than its caller waits.',
    min: 5,
    max: 3600,
    default: 520,
  }),
  BATCH_DEADLINE_SECONDS: integer({
    about: 'How long the work on one batch may take.',
    min: 5,
    max: 3600,
    default: 240,
  }),
  LEASE_SECONDS: integer({
    about: 'How long after a crash its batch waits for another worker; leases are renewed in time.',
    min: 3,
    max: 600,
    default: 60,
  }),
  ...callerVariables,
  ...telemetryVariables,
  LOG_LEVEL: oneOf({
    about: 'The least severity of events that are logged.',
    values: LOG_LEVELS,
    default: 'info',
  }),
});

/** The values of the export service's variables. */
export type ExportSettings = ValuesOf<typeof exportSettings>;

type Times = Pick<
  ScheduledJobsDeps,
  | 'minWindowAge'
  | 'retentionMs'
  | 'leaseMs'
  | 'batchDeadlineMs'
  | 'deadlines'
  | 'indexMaxAgeSeconds'
> & { readonly lateAfter: number };

/** How long the jobs take, wait and keep, in ms. No window is exported before the store may have closed it. */
export const timesOf = (config: ExportSettings, closingDelay: number): Times => ({
  minWindowAge: Math.max(config.MIN_WINDOW_AGE_SECONDS * SECOND, closingDelay),
  retentionMs: config.EXPORT_RETENTION_HOURS * HOUR,
  lateAfter: config.EXPORT_LATE_SECONDS * SECOND,
  indexMaxAgeSeconds: config.INDEX_MAX_AGE_SECONDS,
  leaseMs: config.LEASE_SECONDS * SECOND,
  // A call that had time for less than two batches would do one, and leave the others to the next call.
  batchDeadlineMs:
    Math.min(config.BATCH_DEADLINE_SECONDS, config.WORK_DEADLINE_SECONDS / 2) * SECOND,
  deadlines: {
    createBatches: config.CREATE_BATCHES_DEADLINE_SECONDS * SECOND,
    doWork: config.WORK_DEADLINE_SECONDS * SECOND,
  },
});
