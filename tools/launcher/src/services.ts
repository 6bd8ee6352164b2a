import type { Environment } from '@keyserver/config';
import type { ServiceName } from '@keyserver/log';
import { resolve } from 'node:path';
import type { JobIssuer } from './launcher-platform.ts';
import { JOB_ACCOUNT } from './post-job.ts';
import { profileOf } from './profiles.ts';
import type { LauncherConfig } from './settings.ts';

/** A service that the launcher keeps running. */
export interface LaunchedService {
  readonly name: ServiceName;
  readonly script: URL;
  /** Where this machine reaches it. */
  readonly url: string;
  readonly env: Environment;
}

const LOOPBACK = '127.0.0.1';

/** Where the services of a launcher are reached. */
export const urlsOf = (
  config: LauncherConfig,
): Record<'publish' | 'export' | 'cdn' | 'issuer', string> => ({
  publish: `http://${LOOPBACK}:${config.PUBLISH_PORT}`,
  export: `http://${LOOPBACK}:${config.EXPORT_PORT}`,
  cdn: `http://${LOOPBACK}:${config.CDN_PORT}`,
  issuer: `http://${LOOPBACK}:${config.ISSUER_PORT}`,
});

/** What every service of a launcher is told: the environment goes before the profile, but for what the launcher has decided. */
export const commonEnvironment = (config: LauncherConfig, env: Environment): Environment => ({
  ...profileOf(config.PROFILE).variables,
  ...env,
  PLATFORM: 'local',
  PROFILE: config.PROFILE,
  DATA_DIR: resolve(config.DATA_DIR),
});

/** The services of one machine, with the environment that each starts in. */
export function servicesOf(
  config: LauncherConfig,
  env: Environment,
  issuer: Pick<JobIssuer, 'issuer' | 'jwksUrl'>,
): readonly LaunchedService[] {
  const urls = urlsOf(config);
  const common = commonEnvironment(config, env);
  const open = { ...common, HOST: config.LISTEN_HOST };
  const closed = {
    ...common,
    HOST: LOOPBACK, // only jobs of this machine have business there
    OIDC_ISSUER: issuer.issuer,
    OIDC_JWKS_URL: issuer.jwksUrl,
    OIDC_AUDIENCE: urls.export,
    CALLER_EMAILS: JOB_ACCOUNT,
  };
  return [
    {
      name: 'publish',
      script: new URL('../../../services/publish/src/main.ts', import.meta.url),
      url: urls.publish,
      env: { ...open, PORT: String(config.PUBLISH_PORT) },
    },
    {
      name: 'export',
      script: new URL('../../../services/export/src/main.ts', import.meta.url),
      url: urls.export,
      env: { ...closed, PORT: String(config.EXPORT_PORT) },
    },
    {
      name: 'cdn',
      script: new URL('./cdn.ts', import.meta.url),
      url: urls.cdn,
      env: { ...open, PORT: String(config.CDN_PORT) },
    },
  ];
}
