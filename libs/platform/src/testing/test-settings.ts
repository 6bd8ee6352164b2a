import {
  type Environment,
  type ValuesOf,
  fileVariables,
  loadSettings,
  revisionTokenVariables,
  settings,
  storeVariables,
} from '@keyserver/config';

const VARIABLES = settings({ ...storeVariables, ...revisionTokenVariables, ...fileVariables });

/** What a service that uses every product is told of its platform. */
export const testSettings = (
  env: Environment,
): ValuesOf<typeof VARIABLES> & { readonly LOG_LEVEL: 'info' } => ({
  ...loadSettings(VARIABLES, env),
  LOG_LEVEL: 'info',
});

/** The variables of Google Cloud, where Firestore and its neighbours are stand-ins at these addresses. */
export const cloudEnv = (firestore: string, others = '127.0.0.1:1'): Environment => ({
  ...{ PLATFORM: 'gcp', GCP_PROJECT: 'demo-project', KEY_HASH_SECRET: 'ab'.repeat(32) },
  ...{ FIRESTORE_ENDPOINT: firestore, KMS_ENDPOINT: others, STORAGE_ENDPOINT: others },
  REVISION_TOKEN_KEY: 'projects/demo-project/locations/eu/keyRings/tokens/cryptoKeys/revision',
});
