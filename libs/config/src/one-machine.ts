import { integer } from './setting.ts';

const port = (variable: {
  readonly about: string;
  readonly default: number;
}): ReturnType<typeof integer> => integer({ ...variable, min: 1, max: 65_535 });

/** The ports of all that the launcher starts on one machine. */
export const machinePorts = {
  PUBLISH_PORT: port({ about: 'The port that takes uploads.', default: 8080 }),
  EXPORT_PORT: port({ about: 'The port of the export service, for jobs only.', default: 8081 }),
  TRUST_PORT: port({ about: 'The port of the trust service, for jobs only.', default: 8084 }),
  CLEANUP_PORT: port({ about: 'The port of the cleanup service, for jobs only.', default: 8085 }),
  FEDERATION_SERVE_PORT: port({
    about: 'The port on which partners fetch keys.',
    default: 8086,
  }),
  FEDERATION_PULL_PORT: port({
    about: 'The port of the federation-pull service, for jobs only.',
    default: 8087,
  }),
  CDN_PORT: port({ about: 'The port that serves the signed files.', default: 8082 }),
  ISSUER_PORT: port({ about: 'The port of the issuer of job identities.', default: 8083 }),
};

/** What the launcher tells its services, unless the environment already says otherwise, by the profile of the store. */
export const PROFILE_VARIABLES = {
  development: {
    TRUNCATE_WINDOW_SECONDS: '10',
    MIN_WINDOW_AGE_SECONDS: '0',
    CONFIG_CACHE_SECONDS: '2',
    LEASE_SECONDS: '10',
    INDEX_MAX_AGE_SECONDS: '0',
    EXPORT_LATE_SECONDS: '120',
    AUTHORITY_KEY_END_AFTER_SECONDS: '10',
  },
  production: {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;
