import { resolve } from 'node:path';
import type { Environment } from '@keyserver/config';
import type { ServiceName } from '@keyserver/log';
import { within } from '@keyserver/retry';
import { SECOND, type Timers, sleep } from '@keyserver/time';
import { JOB_ACCOUNT, type JobIssuer } from './job-issuer.ts';
import { ignoreStop } from './schedule.ts';
import { type LauncherConfig, profileOf } from './settings.ts';

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
): Record<
  'publish' | 'export' | 'cleanup' | 'trust' | 'federation-serve' | 'cdn' | 'issuer',
  string
> => ({
  publish: `http://${LOOPBACK}:${config.PUBLISH_PORT}`,
  export: `http://${LOOPBACK}:${config.EXPORT_PORT}`,
  cleanup: `http://${LOOPBACK}:${config.CLEANUP_PORT}`,
  trust: `http://${LOOPBACK}:${config.TRUST_PORT}`,
  'federation-serve': `http://${LOOPBACK}:${config.FEDERATION_SERVE_PORT}`,
  cdn: `http://${LOOPBACK}:${config.CDN_PORT}`,
  issuer: `http://${LOOPBACK}:${config.ISSUER_PORT}`,
});

/** The environment of every service. The launcher's own environment overrides the profile, but not what the launcher decides. */
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
    HOST: LOOPBACK, // only the jobs of this machine call it
    OIDC_ISSUER: issuer.issuer,
    OIDC_JWKS_URL: issuer.jwksUrl,
    CALLER_EMAILS: JOB_ACCOUNT,
  };
  const metricsPort = (n: number): string => String(config.METRICS_PORT + n);
  const jobService = (name: JobService, port: number, metrics: number): LaunchedService => ({
    name,
    script: SCRIPTS[name](),
    url: urls[name],
    env: {
      ...{ ...closed, OIDC_AUDIENCE: urls[name], PORT: String(port) },
      METRICS_PORT: metricsPort(metrics),
    },
  });
  return [
    {
      name: 'publish',
      script: new URL(import.meta.resolve('@keyserver/publish/main')),
      url: urls.publish,
      env: { ...open, PORT: String(config.PUBLISH_PORT), METRICS_PORT: metricsPort(0) },
    },
    jobService('export', config.EXPORT_PORT, 1),
    jobService('cleanup', config.CLEANUP_PORT, 3),
    jobService('trust', config.TRUST_PORT, 2),
    {
      name: 'federation-serve',
      script: new URL(import.meta.resolve('@keyserver/federation-serve/main')),
      url: urls['federation-serve'],
      env: {
        // Servers of one machine vouch for each other; whoever has partners elsewhere names their issuers too.
        FEDERATION_ISSUERS: `${issuer.issuer}=${issuer.jwksUrl}`,
        ...{ ...open, PORT: String(config.FEDERATION_SERVE_PORT), METRICS_PORT: metricsPort(4) },
      },
    },
    {
      name: 'cdn',
      script: new URL(import.meta.resolve('@keyserver/launcher/cdn')),
      url: urls.cdn,
      env: { ...open, PORT: String(config.CDN_PORT) },
    },
  ];
}

/** The services that only jobs of this machine call. */
type JobService = keyof typeof SCRIPTS;

/** Spelled out, so that tools see what is used. */
const SCRIPTS = {
  export: () => new URL(import.meta.resolve('@keyserver/export/main')),
  cleanup: () => new URL(import.meta.resolve('@keyserver/cleanup/main')),
  trust: () => new URL(import.meta.resolve('@keyserver/trust/main')),
};

const BETWEEN = SECOND / 5;
const ATTEMPTS = 150;

/** Waits until services say that they are healthy. Gives the names of those that do not within half a minute. */
export async function awaitHealth(
  services: readonly { readonly name: string; readonly url: string }[],
  options: { readonly timers: Timers; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  let waiting = services;
  for (let attempt = 0; attempt < ATTEMPTS && !options.signal.aborted; attempt++) {
    const healthy = await Promise.all(
      waiting.map(async ({ url }) => await isHealthy(url, options)),
    );
    waiting = waiting.filter((_, at) => healthy[at] !== true);
    if (waiting.length === 0) break;
    await sleep(options.timers, BETWEEN, options).catch(ignoreStop);
  }
  return waiting.map(({ name }) => name);
}

async function isHealthy(
  url: string,
  { timers, signal }: { readonly timers: Timers; readonly signal: AbortSignal },
): Promise<boolean> {
  try {
    return await within({ ms: 2 * SECOND, timers, signal }, async (cut) => {
      const response = await fetch(new URL('/health', url), { signal: cut });
      await response.arrayBuffer();
      return response.status === 200;
    });
  } catch {
    return false;
  }
}
