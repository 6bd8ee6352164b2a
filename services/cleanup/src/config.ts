import {
  type ValuesOf,
  callerVariables,
  integer,
  listeningVariables,
  oneOf,
  settings,
  storeVariables,
  telemetryVariables,
} from '@keyserver/config';
import { LOG_LEVELS } from '@keyserver/log';
import { TOTALS_RETENTION_DAYS } from '@keyserver/stores';

/** Every variable that the cleanup service reads. */
export const cleanupSettings = settings({
  ...listeningVariables('the scheduler is answered'),
  ...storeVariables,
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
