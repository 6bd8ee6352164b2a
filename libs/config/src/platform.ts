import { MINUTE, type WindowLength } from '@keyserver/time';
import { ConfigFault, type Problem } from './config-fault.ts';
import { type Setting, oneOf, secret, text, windowSeconds } from './setting.ts';
import type { Secret } from './secret.ts';

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}$/;
const HEX_SECRET = /^[0-9a-f]{64}$/i;

/** A server that stands in for one of Google's, on this machine only, as the way there has no protection. */
export const standIn = (server: string): Setting<string> =>
  text({
    about: `Host and port of ${server} on this machine, for tests; empty reaches Google's own.`,
    default: '',
    form: { pattern: LOOPBACK, described: 'host:port of this machine' },
  });

/** The variables that say where documents are kept, for every service. */
export const storeVariables = {
  PLATFORM: oneOf({
    about: 'Where data is kept: local is one machine, gcp is Google Cloud.',
    values: ['local', 'gcp'],
    default: 'local',
  }),
  DATA_DIR: text({ about: 'The directory of the local platform.', default: '.data' }),
  GCP_PROJECT: text({
    about: 'The project on Google Cloud; gcp needs it.',
    default: '',
    form: { pattern: /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, described: 'a project id' },
  }),
  FIRESTORE_DATABASE: text({
    about: 'The Firestore database of the project.',
    default: '(default)',
    form: { pattern: /^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/, described: 'a database id' },
  }),
  KEY_HASH_SECRET: secret({
    about:
      'The secret that stored keys are found by, 64 hexadecimal digits; gcp needs it, the same for ever and in every service.',
    mayLack: true,
    form: { pattern: HEX_SECRET, described: '64 hexadecimal digits' },
  }),
  FIRESTORE_ENDPOINT: standIn('a Firestore emulator'),
  PROFILE: oneOf({
    about:
      'Whether the data is for trying things out or for real people; every service needs the same, and a store keeps its own.',
    values: ['development', 'production'],
    default: 'production',
  }),
  TRUNCATE_WINDOW_SECONDS: windowSeconds({
    about:
      'The span that the time of an upload is rounded down to; every service needs the same, and a store keeps its own.',
    default: 3600,
  }),
};

const kmsVariables = { KMS_ENDPOINT: standIn('a server like Cloud KMS') };

/** The variables of a service that reads and deletes files, on top of those of every service. */
export const bucketVariables = { STORAGE_ENDPOINT: standIn('a server like Cloud Storage') };

/** The variables of a service that writes and signs files, on top of those of every service. */
export const fileVariables = {
  ...bucketVariables,
  ...kmsVariables,
};

/** The variables of a service that unwraps the data keys of revision tokens, on top of those of every service. */
export const revisionTokenVariables = {
  REVISION_TOKEN_KEY: text({
    about:
      'The full name of the Cloud KMS key that wraps the data keys of revision tokens; gcp needs it, the same in every service.',
    default: '',
    form: {
      pattern: /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/,
      described: 'projects/…/locations/…/keyRings/…/cryptoKeys/…',
    },
  }),
  ...kmsVariables,
};

/** What the key is called that wraps data keys on one machine. */
const LOCAL_TOKEN_KEY = 'revision-token';

/** The name of the key that wraps the data keys of revision tokens; throws a ConfigFault when it is needed and missing. */
export function revisionTokenKey(
  values: PlatformValues & { readonly REVISION_TOKEN_KEY: string },
): string {
  if (values.PLATFORM === 'local') return LOCAL_TOKEN_KEY;
  const { REVISION_TOKEN_KEY: key } = values;
  if (key !== '') return key;
  throw new ConfigFault([
    { name: 'REVISION_TOKEN_KEY', kind: 'missing', allowed: 'the full name of a Cloud KMS key' },
  ]);
}

/** One machine: everything lies below one directory. */
interface LocalPlatformChoice {
  readonly kind: 'local';
  /** What sentences call it, as in "the data in …". */
  readonly place: string;
  readonly dataDirectory: string;
}

/** Google Cloud: documents in one Firestore database. */
export interface CloudPlatformChoice {
  readonly kind: 'gcp';
  readonly place: string;
  readonly project: string;
  readonly database: string;
  /** host:port of a stand-in; undefined for Google's own. */
  readonly firestore: string | undefined;
  readonly keyHashSecret: Uint8Array;
}

/** What every service is told about its platform. */
export interface PlatformValues {
  readonly PLATFORM: 'local' | 'gcp';
  readonly DATA_DIR: string;
  readonly GCP_PROJECT: string;
  readonly FIRESTORE_DATABASE: string;
  readonly FIRESTORE_ENDPOINT: string;
  readonly KEY_HASH_SECRET: Secret<string>;
  readonly TRUNCATE_WINDOW_SECONDS: WindowLength;
}

/** The platform that the variables choose; throws a ConfigFault when one that it needs is missing or does not fit it. */
export function platformOf(values: PlatformValues): LocalPlatformChoice | CloudPlatformChoice {
  if (values.PLATFORM === 'local')
    return { kind: 'local', place: values.DATA_DIR, dataDirectory: values.DATA_DIR };
  const problems = cloudProblems(values);
  if (problems.length > 0) throw new ConfigFault(problems);
  return {
    kind: 'gcp',
    place: `Firestore database ${values.FIRESTORE_DATABASE} of project ${values.GCP_PROJECT}`,
    project: values.GCP_PROJECT,
    database: values.FIRESTORE_DATABASE,
    firestore: endpointOf(values.FIRESTORE_ENDPOINT),
    keyHashSecret: Buffer.from(values.KEY_HASH_SECRET.reveal(), 'hex'),
  };
}

/** The address of a stand-in, if one is named. */
export const endpointOf = (value: string): string | undefined => (value === '' ? undefined : value);

function cloudProblems(values: PlatformValues): Problem[] {
  const problems: Problem[] = [];
  const missing = (name: string, allowed: string): void => {
    problems.push({ name, kind: 'missing', allowed });
  };
  if (values.GCP_PROJECT === '') missing('GCP_PROJECT', 'the id of the project');
  if (values.KEY_HASH_SECRET.reveal() === '') missing('KEY_HASH_SECRET', '64 hexadecimal digits');
  // Windows of seconds show when somebody uploaded: they are for trying things out on one machine.
  if (values.TRUNCATE_WINDOW_SECONDS < MINUTE)
    problems.push({
      name: 'TRUNCATE_WINDOW_SECONDS',
      kind: 'refused',
      allowed: 'at least 60 on Google Cloud',
    });
  return problems;
}
