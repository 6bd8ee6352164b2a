import fc from 'fast-check';
import {
  ConfigFault,
  describeSettings,
  flag,
  integer,
  list,
  loadSettings,
  oneOf,
  secret,
  settings,
  text,
  url,
  windowSeconds,
} from './index.ts';

const declared = settings({
  PORT: integer({ min: 0, max: 65535, default: 8080, about: 'Where the service listens.' }),
  RETENTION_DAYS: integer({ min: 10, max: 30, about: 'How long keys are kept.' }),
  PLATFORM: oneOf({ values: ['local', 'gcp'], default: 'local', about: 'What it runs on.' }),
  CALLERS: list({ about: 'Who may call.' }),
  STRICT: flag({ default: false, about: 'Whether to be strict.' }),
  TOKEN_SECRET: secret({ minLength: 8, about: 'What seals tokens.' }),
  WINDOW_SECONDS: windowSeconds({ default: 3600, about: 'The reporting window.' }),
  REGION: text({ default: '', about: 'The region of apps without one.' }),
  JWKS_URL: url({ about: 'Where the keys are.' }),
});

const good = {
  RETENTION_DAYS: '14',
  CALLERS: 'a@example.org, b@example.org',
  TOKEN_SECRET: 'correct horse',
  JWKS_URL: 'https://issuer.example/keys',
};

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    loadSettings(declared, env);
    return [];
  } catch (fault) {
    if (!(fault instanceof ConfigFault)) throw fault;
    return fault.problems.map(({ name, kind }) => `${name} ${kind}`);
  }
}

describe('loading settings', () => {
  it('gives typed values, and the default of what is not given', () => {
    const values = loadSettings(declared, { ...good, PORT: '' });
    expect(values).toMatchObject({
      PORT: 8080,
      RETENTION_DAYS: 14,
      PLATFORM: 'local',
      CALLERS: ['a@example.org', 'b@example.org'],
      STRICT: false,
      WINDOW_SECONDS: 3_600_000,
      REGION: '',
    });
    expect(values.JWKS_URL.href).toBe('https://issuer.example/keys');
    expect(values.TOKEN_SECRET.reveal()).toBe('correct horse');
  });

  it('takes the default for a variable that is empty, as deployment tools write an absent one', () => {
    expect(loadSettings(declared, { ...good, WINDOW_SECONDS: '' }).WINDOW_SECONDS).toBe(3_600_000);
  });

  it('ignores variables that are not declared', () => {
    expect(problemsOf({ ...good, PATH: '/bin', __proto__: 'x' })).toEqual([]);
  });

  it('lists every missing and every bad variable at once', () => {
    expect(problemsOf({ PORT: 'http', STRICT: 'yes', TOKEN_SECRET: 'short' })).toEqual([
      'PORT refused',
      'RETENTION_DAYS missing',
      'CALLERS missing',
      'STRICT refused',
      'TOKEN_SECRET refused',
      'JWKS_URL missing',
    ]);
  });

  it('says what is allowed in one line', () => {
    expect(() => loadSettings(declared, { ...good, PORT: '99999', CALLERS: '' })).toThrow(
      'wrong settings: PORT must be a whole number from 0 to 65535; CALLERS is missing, ' +
        'it must be 1 to 100 different texts separated by commas',
    );
  });

  it('never says what was given', () => {
    const given = fc.string({ minLength: 6, maxLength: 40 }).map((s) => `\u0001${s}`);
    fc.assert(
      fc.property(given, fc.constantFrom(...Object.keys(declared)), (value, name) => {
        try {
          loadSettings(declared, { ...good, [name]: value });
          return name === 'TOKEN_SECRET';
        } catch (fault) {
          return fault instanceof ConfigFault && !JSON.stringify(fault).includes(value)
            ? !fault.message.includes(value)
            : false;
        }
      }),
    );
  });
});

describe('declaring settings', () => {
  it('refuses a name that is not upper case', () => {
    expect(() => settings({ port: integer({ min: 0, max: 1, about: 'A port.' }) })).toThrow(
      RangeError,
    );
  });

  it('describes each variable for people, secrets without a default', () => {
    const rows = describeSettings(declared);
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(declared));
    expect(rows[0]).toEqual({
      name: 'PORT',
      about: 'Where the service listens.',
      allowed: 'a whole number from 0 to 65535',
      default: '8080',
    });
    expect(rows.find(({ name }) => name === 'WINDOW_SECONDS')?.default).toBe('3600');
    expect(rows.find(({ name }) => name === 'TOKEN_SECRET')?.default).toBeUndefined();
  });
});
