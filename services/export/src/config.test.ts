import { ConfigFault, loadSettings } from '@keyserver/config';
import { HOUR, MINUTE, SECOND } from '@keyserver/time';
import { exportSettings, timesOf } from './config.ts';

const CALLER = {
  OIDC_ISSUER: 'https://issuer.example',
  OIDC_JWKS_URL: 'https://issuer.example/jwks.json',
  OIDC_AUDIENCE: 'export',
  CALLER_EMAILS: 'scheduler@example.org',
};

const load = (env: Readonly<Record<string, string>> = {}) =>
  loadSettings(exportSettings, { ...CALLER, ...env });

describe('the settings of export', () => {
  it.each([
    ['PORT', 0, 8080, 65_535],
    ['MIN_WINDOW_AGE_SECONDS', 0, 7200, 86_400],
    ['KEY_RETENTION_HOURS', 240, 336, 720],
    ['MAX_KEY_AGE_HOURS', 24, 360, 720],
    ['MAX_KEYS_PER_UPLOAD', 1, 30, 100],
    ['MAX_KEYS_WITH_SAME_START', 1, 3, 10],
    ['MAX_ONSET_DISTANCE_DAYS', 1, 14, 14],
    ['MAX_ONSET_AGE_DAYS', 1, 28, 60],
    ['DEFAULT_ONSET_DAYS', 0, 4, 14],
    ['EXPORT_RETENTION_HOURS', 240, 336, 720],
    ['INDEX_MAX_AGE_SECONDS', 0, 60, 300],
    ['EXPORT_LATE_SECONDS', 60, 1800, 86_400],
    ['CATCH_UP_BATCHES', 1, 200, 480],
    ['CREATE_BATCHES_DEADLINE_SECONDS', 5, 280, 3600],
    ['WORK_DEADLINE_SECONDS', 5, 520, 3600],
    ['BATCH_DEADLINE_SECONDS', 5, 240, 3600],
    ['LEASE_SECONDS', 3, 60, 600],
  ] as const)('take a %s from %i on, %i when none is given, to %i', (name, least, usual, most) => {
    expect(load()[name]).toBe(usual);
    for (const value of [least, most]) expect(load({ [name]: `${value}` })[name]).toBe(value);
    for (const value of [least - 1, most + 1])
      expect(() => load({ [name]: `${value}` })).toThrow(ConfigFault);
  });

  it.each([' localhost', 'localhost ', 'a b', '[::1]', 'http://localhost', 'a/b'])(
    'take no %j for a host',
    (host) => {
      expect(() => load({ HOST: host })).toThrow(ConfigFault);
    },
  );

  it.each(['localhost', '0.0.0.0', '::1', 'export-1.example.ORG'])('take %s for a host', (host) => {
    expect(load({ HOST: host }).HOST).toBe(host);
  });
});

describe('the times of the jobs', () => {
  it('are those of the settings', () => {
    expect(timesOf(load(), 330 * SECOND)).toEqual({
      minWindowAge: 2 * HOUR,
      retentionMs: 14 * 24 * HOUR,
      lateAfter: 30 * MINUTE,
      indexMaxAgeSeconds: 60,
      leaseMs: MINUTE,
      batchDeadlineMs: 4 * MINUTE,
      deadlines: { createBatches: 280 * SECOND, doWork: 520 * SECOND },
    });
  });

  it('leave time for two batches in a call', () => {
    const times = timesOf(load({ WORK_DEADLINE_SECONDS: '300' }), 0);
    expect(times).toMatchObject({ batchDeadlineMs: 150 * SECOND, deadlines: { doWork: 300_000 } });
  });

  it('let no window be exported that the store may not have closed', () => {
    const young = load({ MIN_WINDOW_AGE_SECONDS: '0' });
    expect(timesOf(young, 330 * SECOND)).toMatchObject({ minWindowAge: 330 * SECOND });
  });
});
