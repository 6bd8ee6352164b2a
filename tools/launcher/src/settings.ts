import { createServer } from 'node:net';
import {
  type Environment,
  PROFILE_VARIABLES,
  type ValuesOf,
  integer,
  loadSettings,
  machinePorts,
  oneOf,
  settings,
  text,
} from '@keyserver/config';
import { Fault } from '@keyserver/fault';
import { HOUR, SECOND } from '@keyserver/time';

/** Every variable that the launcher reads; its services get the whole environment as well. */
export const launcherSettings = settings({
  PROFILE: oneOf({
    about: 'How long everything takes: seconds, to try things out, or the windows of production.',
    values: ['development', 'production'],
    default: 'development',
  }),
  PLATFORM: oneOf({
    about: 'Where data is kept; the launcher is for one machine only.',
    values: ['local'],
    default: 'local',
  }),
  DATA_DIR: text({ about: 'The directory that holds all data and keys.', default: '.data' }),
  LISTEN_HOST: text({
    about: 'The network address that phones reach; 0.0.0.0 answers other machines too.',
    default: '127.0.0.1',
    form: { pattern: /^[0-9A-Za-z.:-]+$/, described: 'a host name or an IP address' },
  }),
  ...machinePorts,
  METRICS_PORT: integer({
    about:
      'The first of the ports on which Prometheus fetches figures, where TELEMETRY_EXPORTER says so: of publish, export, trust, cleanup, federation-serve and federation-pull.',
    min: 1,
    max: 65_500,
    default: 9464,
  }),
});

/** The values of the launcher's variables. */
export type LauncherConfig = ValuesOf<typeof launcherSettings>;

/** The launcher must not run as it was told to; the message is a sentence for the operator. */
export class LaunchFault extends Fault<'refused'> {
  constructor(message: string, options?: ErrorOptions) {
    super('refused', message, options);
  }
}

/** Reads the launcher's settings; throws a ConfigFault or LaunchFault with everything that is wrong. */
export function launcherConfig(env: Environment): LauncherConfig {
  const config = loadSettings(launcherSettings, env);
  if (config.PROFILE === 'development' && env['NODE_ENV'] === 'production')
    throw new LaunchFault(
      'The development profile weakens privacy and is refused where NODE_ENV is production; set PROFILE=production.',
    );
  const ports = PORT_NAMES.map((name) => config[name]);
  if (new Set(ports).size !== ports.length)
    throw new LaunchFault(`${PORT_NAMES.join(', ')} must be different ports.`);
  return config;
}

type ProfileName = LauncherConfig['PROFILE'];

/** What differs between trying things out and running for real. */
export interface Profile {
  readonly name: ProfileName;
  /** Variables that the services get, unless the environment already says otherwise. */
  readonly variables: Readonly<Record<string, string>>;
  /** Export period in milliseconds, and the padding, of the configuration made on the first start. */
  readonly firstExport: {
    readonly period: number;
    readonly minRecords: number;
    readonly paddingRange: number;
  };
}

const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  development: {
    name: 'development',
    variables: PROFILE_VARIABLES.development,
    firstExport: { period: 20 * SECOND, minRecords: 20, paddingRange: 10 },
  },
  production: {
    name: 'production',
    variables: PROFILE_VARIABLES.production,
    firstExport: { period: 4 * HOUR, minRecords: 1000, paddingRange: 100 },
  },
};

/** The profile of a name. */
export const profileOf = (name: ProfileName): Profile => PROFILES[name];

const PORT_NAMES = [
  'PUBLISH_PORT',
  'EXPORT_PORT',
  'TRUST_PORT',
  'CLEANUP_PORT',
  'FEDERATION_SERVE_PORT',
  'FEDERATION_PULL_PORT',
  'CDN_PORT',
  'ISSUER_PORT',
] as const;

type PortName = (typeof PORT_NAMES)[number];

const PORT_USES: Readonly<Record<PortName, string>> = {
  PUBLISH_PORT: 'the publish service',
  EXPORT_PORT: 'the export service',
  TRUST_PORT: 'the trust service',
  CLEANUP_PORT: 'the cleanup service',
  FEDERATION_SERVE_PORT: 'the federation-serve service',
  FEDERATION_PULL_PORT: 'the federation-pull service',
  CDN_PORT: 'the file server',
  ISSUER_PORT: 'the issuer of job identities',
};

/** A sentence for each port that cannot be had; none when the launcher may start. */
export async function busyPorts(
  config: Pick<LauncherConfig, PortName>,
): Promise<readonly string[]> {
  const sentences: string[] = [];
  for (const name of PORT_NAMES) {
    if (await isPortFree(config[name])) continue;
    sentences.push(
      `Port ${config[name]} for ${PORT_USES[name]} is taken: another program, or another npm start, uses it. ` +
        `Stop that one, or set ${name} to a free port.`,
    );
  }
  return sentences;
}

/** Whether nobody listens on a port of this machine. */
export async function isPortFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer()
      .once('error', () => {
        resolve(false);
      })
      .listen(port, '127.0.0.1', () => {
        server.close(() => {
          resolve(true);
        });
      });
  });
}
