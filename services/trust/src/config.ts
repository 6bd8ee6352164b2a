import {
  type ValuesOf,
  callerVariables,
  integer,
  listeningVariables,
  oneOf,
  revisionTokenVariables,
  settings,
  storeVariables,
  telemetryVariables,
} from '@keyserver/config';
import { KEY_AGE_HOURS } from '@keyserver/exposure-keys';
import { LOG_LEVELS } from '@keyserver/log';

/** Every variable that the trust service reads. */
export const trustSettings = settings({
  ...listeningVariables('the scheduler is answered'),
  ...storeVariables,
  ...revisionTokenVariables,
  MAX_KEY_AGE_HOURS: integer({
    about: 'For how long after its end a key may be published; every service needs the same.',
    ...KEY_AGE_HOURS,
  }),
  NEW_DATA_KEY_HOURS: integer({
    about: 'How old the newest data key of revision tokens is when it gets a successor.',
    min: 24,
    max: 2160,
    default: 168,
  }),
  ...callerVariables,
  ...telemetryVariables,
  LOG_LEVEL: oneOf({
    about: 'The least severity of events that are logged.',
    values: LOG_LEVELS,
    default: 'info',
  }),
});

/** The values of the trust service's variables. */
export type TrustSettings = ValuesOf<typeof trustSettings>;
