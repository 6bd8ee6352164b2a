import {
  type ValuesOf,
  flag,
  integer,
  listeningVariables,
  oneOf,
  revisionTokenVariables,
  settings,
  storeVariables,
  telemetryVariables,
  text,
} from '@keyserver/config';
import { KEY_RETENTION_HOURS, KEY_RULE_CHOICES } from '@keyserver/exposure-keys';
import { DEFAULT_CLOCK_SKEW } from '@keyserver/health-authority';
import { LOG_LEVELS } from '@keyserver/log';
import { statsVariables } from './stats/stats-settings.ts';
import { MAX_CONNECTIONS } from '@keyserver/service';

/** Every variable that the publish service reads. */
export const publishSettings = settings({
  ...listeningVariables('phones are answered'),
  ...storeVariables,
  ...revisionTokenVariables,
  DATA_KEY_CACHE_SECONDS: integer({
    about: 'For how long the data keys of revision tokens are used before they are read again.',
    min: 0,
    max: 3600,
    default: 60,
  }),
  PARTIAL_REVISIONS: flag({
    about:
      'Whether keys that the revision token does not hold are left out, instead of refusing the upload.',
    default: false,
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
  CERTIFICATE_CLOCK_SKEW_SECONDS: integer({
    about:
      'How far in the future the issue time or the start of a certificate may lie, for authorities whose clock runs ahead.',
    min: 0,
    max: 60,
    default: DEFAULT_CLOCK_SKEW,
  }),
  DEFAULT_REGION: text({
    about: 'The region of keys whose application has none of its own; empty refuses them.',
    default: '',
    maxLength: 16,
    form: { pattern: /^[A-Za-z0-9-]+$/, described: 'letters, digits and hyphens' },
  }),
  MAINTENANCE: flag({
    about: 'Whether every request but those for health is answered 429, to try again later.',
    default: false,
  }),
  CONCURRENT_UPLOADS: integer({
    about:
      'How many requests are worked on at the same time; what comes on top is answered 503 at once.',
    min: 1,
    max: MAX_CONNECTIONS - 50, // what is turned away needs connections too, and so does health
    default: 200,
  }),
  V1ALPHA1: flag({
    about: 'Whether apps of the first API, v1alpha1, are answered at / and /v1alpha1/publish.',
    default: false,
  }),
  PADDING_MIN_BYTES: integer({
    about: 'The least number of random bytes that pad an answer.',
    min: 1,
    max: 16_384,
    default: 1024,
  }),
  PADDING_RANGE_BYTES: integer({
    about: 'How many different lengths of padding there are, counted up from the least.',
    min: 1,
    max: 16_384,
    default: 1024,
  }),
  ...statsVariables,
  CONFIG_CACHE_SECONDS: integer({
    about:
      'For how long a looked-up application or health authority is used before it is read again.',
    min: 0,
    max: 3600,
    default: 300,
  }),
  ...telemetryVariables,
  LOG_LEVEL: oneOf({
    about: 'The least severity of events that are logged.',
    values: LOG_LEVELS,
    default: 'info',
  }),
});

/** The values of the publish service's variables. */
export type PublishConfig = ValuesOf<typeof publishSettings>;
