import { Cron } from 'croner';
import { existsSync } from 'node:fs';
import { JOBS } from './schedule.ts';
import { JOB_ACCOUNT } from './job-issuer.ts';
import { servicesOf } from './services.ts';
import { launcherConfig } from './settings.ts';

const ISSUER = { issuer: 'http://127.0.0.1:8083', jwksUrl: 'http://127.0.0.1:8083/jwks.json' };

const envOf = (name: string, env: Record<string, string> = {}): Record<string, string> => {
  const found = servicesOf(launcherConfig(env), env, ISSUER).find((one) => one.name === name);
  return { ...found?.env } as Record<string, string>;
};

describe('the services of one machine', () => {
  it('are programs that exist', () => {
    const scripts = servicesOf(launcherConfig({}), {}, ISSUER).map(({ script }) => script);
    expect(scripts.every((script) => existsSync(script))).toBe(true);
  });

  it('share one data directory and one window', () => {
    const [publish, exporting] = [envOf('publish'), envOf('export')];
    expect(publish['DATA_DIR']).toBe(exporting['DATA_DIR']);
    expect(publish['TRUNCATE_WINDOW_SECONDS']).toBe('10');
    expect(exporting['TRUNCATE_WINDOW_SECONDS']).toBe('10');
  });

  it('run with their own windows in production', () => {
    expect(envOf('export', { PROFILE: 'production' })).not.toHaveProperty(
      'TRUNCATE_WINDOW_SECONDS',
    );
  });

  it('take what the operator says over what the profile says', () => {
    expect(envOf('export', { TRUNCATE_WINDOW_SECONDS: '30' })['TRUNCATE_WINDOW_SECONDS']).toBe(
      '30',
    );
  });

  it('keep jobs to this machine whatever phones may reach', () => {
    const env = { LISTEN_HOST: '0.0.0.0', HOST: 'elsewhere', PORT: '1' };
    expect(envOf('export', env)).toMatchObject({ HOST: '127.0.0.1', PORT: '8081' });
    expect(envOf('publish', env)).toMatchObject({ HOST: '0.0.0.0', PORT: '8080' });
  });

  it('have figures on ports of their own, one after another', () => {
    const ports = (['publish', 'export', 'trust', 'cleanup', 'federation-serve'] as const).map(
      (name) => envOf(name, { METRICS_PORT: '9000' })['METRICS_PORT'],
    );
    expect(ports).toEqual(['9000', '9001', '9002', '9003', '9004']);
  });

  it('take partners that this machine vouches for, unless the operator names others', () => {
    expect(envOf('federation-serve')).toMatchObject({
      FEDERATION_ISSUERS: `${ISSUER.issuer}=${ISSUER.jwksUrl}`,
      PORT: '8086',
    });
    const FEDERATION_ISSUERS = 'https://a.example=https://a.example/keys';
    expect(envOf('federation-serve', { FEDERATION_ISSUERS })).toMatchObject({ FEDERATION_ISSUERS });
  });

  it('let jobs be started by the launcher alone', () => {
    expect(envOf('export')).toMatchObject({
      OIDC_ISSUER: ISSUER.issuer,
      OIDC_JWKS_URL: ISSUER.jwksUrl,
      OIDC_AUDIENCE: 'http://127.0.0.1:8081',
      CALLER_EMAILS: JOB_ACCOUNT,
    });
    expect(envOf('publish')).not.toHaveProperty('CALLER_EMAILS');
  });
});

describe('the jobs', () => {
  const next = (schedule: string, from: string): string | undefined =>
    new Cron(schedule, { timezone: 'UTC', paused: true }).nextRun(from)?.toISOString();

  it.each(JOBS.map((job) => [job.name, job] as const))('%s has schedules that come', (_, job) => {
    const from = '2026-03-01T00:00:00.000Z';
    const soon = Date.parse(next(job.schedule.development, from) ?? '') - Date.parse(from);
    expect(soon).toBeLessThanOrEqual(job.service === 'export' ? 7000 : 60_000);
    const later = Date.parse(next(job.schedule.production, from) ?? '') - Date.parse(from);
    expect(later % 60_000).toBe(0);
  });

  it('have names and routes of their own', () => {
    expect(new Set(JOBS.map(({ name }) => name)).size).toBe(JOBS.length);
    expect(new Set(JOBS.map(({ service, route }) => service + route)).size).toBe(JOBS.length);
  });
});
