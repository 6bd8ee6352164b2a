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
import { LOG_LEVELS } from '@keyserver/log';

/** Every variable that the trust service reads. */
export const trustSettings = settings({
  ...listeningVariables('the scheduler is answered'),
  ...storeVariables,
  ...revisionTokenVariables,
  NEW_DATA_KEY_HOURS: integer({
    about: 'How old the newest data key of revision tokens is when it gets a successor.',
    min: 24,
    max: 2160,
    default: 168,
  }),
  AUTHORITY_KEY_END_AFTER_SECONDS: integer({
    about:
      'For how long the answers of a health authority must lack a key before it ends; one answer alone never ends it.',
    min: 0,
    max: 86_400,
    default: 300,
  }),
  AUTHORITY_KEYS_STALE_SECONDS: integer({
    about:
      'How long ago the last good answer of a health authority about its keys may be before health says so.',
    min: 60,
    max: 604_800,
    default: 3600,
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
