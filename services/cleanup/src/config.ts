import {
  type ValuesOf,
  bucketVariables,
  callerVariables,
  integer,
  listeningVariables,
  oneOf,
  settings,
  storeVariables,
  telemetryVariables,
} from '@keyserver/config';
import { EXPORT_RETENTION_HOURS } from '@keyserver/export-file';
import { KEY_RETENTION_HOURS } from '@keyserver/exposure-keys';
import { LOG_LEVELS } from '@keyserver/log';
import { TOTALS_RETENTION_DAYS } from '@keyserver/stores';

/** Every variable that the cleanup service reads. No retention may be below 10 days. */
export const cleanupSettings = settings({
  ...listeningVariables('the scheduler is answered'),
  ...storeVariables,
  ...bucketVariables,
  KEY_RETENTION_HOURS: integer({
    about: 'For how long a published key is kept after its release; every service needs the same.',
    ...KEY_RETENTION_HOURS,
  }),
  EXPORT_RETENTION_HOURS: integer({
    about: 'For how long an exported file stays in the index; export needs the same.',
    ...EXPORT_RETENTION_HOURS,
  }),
  TOTALS_RETENTION_DAYS: integer({
    about: 'For how long the totals of a UTC day are kept after its end; publish needs the same.',
    ...TOTALS_RETENTION_DAYS,
  }),
  ...callerVariables,
  ...telemetryVariables,
  LOG_LEVEL: oneOf({
    about: 'The least severity of events that are logged.',
    values: LOG_LEVELS,
    default: 'info',
  }),
});

/** The values of the cleanup service's variables. */
export type CleanupSettings = ValuesOf<typeof cleanupSettings>;
