import { Fault } from '@keyserver/fault';
import {
  type Environment,
  type ValuesOf,
  integer,
  loadSettings,
  oneOf,
  settings,
  text,
} from '@keyserver/config';

const port = (of: {
  readonly about: string;
  readonly default: number;
}): ReturnType<typeof integer> => integer({ ...of, min: 1, max: 65_535 });

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
  PUBLISH_PORT: port({ about: 'The port that takes uploads.', default: 8080 }),
  EXPORT_PORT: port({ about: 'The port of the export service, for jobs only.', default: 8081 }),
  CDN_PORT: port({ about: 'The port that serves the signed files.', default: 8082 }),
  ISSUER_PORT: port({ about: 'The port of the issuer of job identities.', default: 8083 }),
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
  const ports = PORTS.map((name) => config[name]);
  if (new Set(ports).size !== ports.length)
    throw new LaunchFault(`${PORTS.join(', ')} must be four different ports.`);
  return config;
}

const PORTS = ['PUBLISH_PORT', 'EXPORT_PORT', 'CDN_PORT', 'ISSUER_PORT'] as const;
