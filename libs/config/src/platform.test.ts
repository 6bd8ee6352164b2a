import { ConfigFault, fileVariables, loadSettings, platformOf, storeVariables } from './index.ts';
import { settings, windowSeconds } from './index.ts';

const variables = settings({
  ...storeVariables,
  ...fileVariables,
  TRUNCATE_WINDOW_SECONDS: windowSeconds({ about: 'The window.', default: 3600 }),
});
const SECRET = '0123456789abcdef'.repeat(4);
const CLOUD = { PLATFORM: 'gcp', GCP_PROJECT: 'health-keys', KEY_HASH_SECRET: SECRET };
const chosen = (env: Readonly<Record<string, string>>) => platformOf(loadSettings(variables, env));

function problemsOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    chosen(env);
  } catch (fault) {
    if (fault instanceof ConfigFault)
      return fault.problems.map(({ name, kind }) => `${name} ${kind}`);
    throw fault;
  }
  return [];
}

describe('the platform that the variables choose', () => {
  it('is one machine and its directory unless told otherwise', () => {
    expect(chosen({})).toEqual({ kind: 'local', place: '.data', dataDirectory: '.data' });
    expect(chosen({ DATA_DIR: '/srv/keys', TRUNCATE_WINDOW_SECONDS: '10' })).toEqual({
      kind: 'local',
      place: '/srv/keys',
      dataDirectory: '/srv/keys',
    });
  });

  it('is a database of a project on Google Cloud', () => {
    expect(chosen(CLOUD)).toEqual({
      kind: 'gcp',
      place: 'Firestore database (default) of project health-keys',
      project: 'health-keys',
      database: '(default)',
      firestore: undefined,
      keyHashSecret: Buffer.from(SECRET, 'hex'),
    });
  });

  it('reaches a stand-in of this machine when one is named', () => {
    const env = { ...CLOUD, FIRESTORE_DATABASE: 'keys', FIRESTORE_ENDPOINT: '127.0.0.1:8200' };
    expect(chosen(env)).toMatchObject({ database: 'keys', firestore: '127.0.0.1:8200' });
  });

  it.each([
    ['no project', { GCP_PROJECT: '' }, 'GCP_PROJECT missing'],
    ['a project of another form', { GCP_PROJECT: 'Health Keys' }, 'GCP_PROJECT refused'],
    ['no secret', { KEY_HASH_SECRET: '' }, 'KEY_HASH_SECRET missing'],
    ['a secret that is too short', { KEY_HASH_SECRET: 'abc' }, 'KEY_HASH_SECRET refused'],
    ['a secret that is a word', { KEY_HASH_SECRET: 'x'.repeat(64) }, 'KEY_HASH_SECRET refused'],
    ['a database of another form', { FIRESTORE_DATABASE: 'Keys' }, 'FIRESTORE_DATABASE refused'],
    ['windows of seconds', { TRUNCATE_WINDOW_SECONDS: '30' }, 'TRUNCATE_WINDOW_SECONDS refused'],
  ])('is refused with %s', (_what, env, problem) => {
    expect(problemsOf({ ...CLOUD, ...env })).toEqual([problem]);
  });

  it.each(['firestore.example:443', '10.0.0.1:80', 'localhost', 'localhost:8080/path'])(
    'never reaches a stand-in at %s, which is not this machine',
    (address) => {
      for (const name of ['FIRESTORE_ENDPOINT', 'STORAGE_ENDPOINT', 'KMS_ENDPOINT'])
        expect(problemsOf({ ...CLOUD, [name]: address })).toEqual([`${name} refused`]);
    },
  );

  it('names everything that is missing at once', () => {
    expect(problemsOf({ PLATFORM: 'gcp', TRUNCATE_WINDOW_SECONDS: '1' })).toEqual([
      'GCP_PROJECT missing',
      'KEY_HASH_SECRET missing',
      'TRUNCATE_WINDOW_SECONDS refused',
    ]);
  });
});
