import {
  type ValuesOf,
  callerVariables,
  flag,
  integer,
  listeningVariables,
  oneOf,
  settings,
  storeVariables,
  telemetryVariables,
  text,
} from '@keyserver/config';
import { KEY_RETENTION_HOURS, KEY_RULE_CHOICES } from '@keyserver/exposure-keys';
import { LOG_LEVELS } from '@keyserver/log';

/** Every variable that the federation-pull service reads. */
export const federationPullSettings = settings({
  ...listeningVariables('the scheduler is answered'),
  ...storeVariables,
  KEY_RETENTION_HOURS: integer({
    about: 'For how long a published key is kept after its release; every service needs the same.',
    ...KEY_RETENTION_HOURS,
  }),
  MAX_KEY_AGE_HOURS: integer(KEY_RULE_CHOICES.MAX_KEY_AGE_HOURS),
  MAX_ONSET_DISTANCE_DAYS: integer(KEY_RULE_CHOICES.MAX_ONSET_DISTANCE_DAYS),
  FEDERATION_EXTRA_ROOT_FILE: text({
    about:
      'A PEM file with certificates of authorities that partners may be certified by, beside those that every program trusts; empty for none.',
    default: '',
  }),
  FEDERATION_PLAINTEXT_LOOPBACK: flag({
    about:
      'Whether partners on this very machine are called without TLS, to try things out; others never are.',
    default: false,
  }),
  FEDERATION_TOKEN_ISSUER: text({
    about:
      'On one machine: the issuer that our identity tokens for partners name, where they know it under another address; empty for OIDC_ISSUER.',
    default: '',
  }),
  FEDERATION_DEADLINE_SECONDS: integer({
    about: 'How long a run of a query may take; less than its caller waits.',
    min: 5,
    max: 3600,
    default: 520,
  }),
  FEDERATION_CALL_SECONDS: integer({
    about: 'How long one call of a partner may take.',
    min: 1,
    max: 300,
    default: 60,
  }),
  FEDERATION_LATE_SECONDS: integer({
    about: 'How far a query may be behind its partner before health says so.',
    min: 60,
    max: 604_800,
    default: 14_400,
  }),
  ...callerVariables,
  ...telemetryVariables,
  LOG_LEVEL: oneOf({
    about: 'The least severity of events that are logged.',
    values: LOG_LEVELS,
    default: 'info',
  }),
});

/** The values of the federation-pull service's variables. */
export type FederationPullSettings = ValuesOf<typeof federationPullSettings>;
