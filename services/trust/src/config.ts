import {
  type ValuesOf,
  callerVariables,
  integer,
  oneOf,
  revisionTokenVariables,
  settings,
  storeVariables,
  text,
} from '@keyserver/config';
import { KEY_AGE_HOURS } from '@keyserver/exposure-keys';
import { LOG_LEVELS } from '@keyserver/log';

/** Every variable that the trust service reads. */
export const trustSettings = settings({
  PORT: integer({
    about: 'The port on which the scheduler is answered; 0 takes any free one.',
    min: 0,
    max: 65_535,
    default: 8080,
  }),
  HOST: text({
    about: 'The network address to listen on; 0.0.0.0 answers other machines too.',
    default: '127.0.0.1',
    form: { pattern: /^[0-9A-Za-z.:-]+$/, described: 'a host name or an IP address' },
  }),
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
  LOG_LEVEL: oneOf({
    about: 'The least severity of events that are logged.',
    values: LOG_LEVELS,
    default: 'info',
  }),
});

/** The values of the trust service's variables. */
export type TrustSettings = ValuesOf<typeof trustSettings>;
