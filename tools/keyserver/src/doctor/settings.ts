import {
  ConfigFault,
  type Environment,
  PROFILE_VARIABLES,
  type Setting,
  loadSettings,
  machinePorts,
} from '@keyserver/config';
import type { PatientSettings } from '@keyserver/doctor';
import type { StoreProfile } from '@keyserver/stores';
import { HOUR, SECOND } from '@keyserver/time';

/** The services of which settings are read; the bounds of each lie with it. Loaded only when they are asked for. */
async function allSettings() {
  const [publish, exporting, cleanup, trust, serve, pull] = await Promise.all([
    import('@keyserver/publish/settings'),
    import('@keyserver/export/settings'),
    import('@keyserver/cleanup/settings'),
    import('@keyserver/trust/settings'),
    import('@keyserver/federation-serve/settings'),
    import('@keyserver/federation-pull/settings'),
  ]);
  return {
    publish: publish.publishSettings,
    export: exporting.exportSettings,
    cleanup: cleanup.cleanupSettings,
    trust: trust.trustSettings,
    'federation-serve': serve.federationServeSettings,
    'federation-pull': pull.federationPullSettings,
    issuersOf: serve.issuersOf,
  };
}

/** The names of the services. */
export const SERVICE_NAMES = [
  ...(['publish', 'export', 'cleanup', 'trust'] as const),
  ...(['federation-serve', 'federation-pull'] as const),
];

/** What the environment says, beside what checks go by. */
export interface DoctorSettings extends PatientSettings {
  /** The name of the key of Cloud KMS that wraps data keys; empty where it is not told. */
  readonly tokenKey: string;
  /** Where the keys of whoever vouches for jobs are; undefined where it is not told. */
  readonly jobKeys: string | undefined;
  readonly partnerKeys: readonly string[];
  readonly certificateFile: string;
  /** Ports of what the launcher starts, by the name of the variable. */
  readonly ports: Readonly<Record<keyof typeof machinePorts, number>>;
}

/** The value of a variable, or its default where it is absent or refused; what is refused is told by another check. */
const valueOf =
  (env: Environment) =>
  <T>(name: string, setting: Setting<T>, otherwise: T): T =>
    setting.read(env[name] ?? '') ?? setting.fallback?.value ?? otherwise;

/**
 * What the services are told in this environment. On one machine the launcher adds what belongs to the profile, which the store
 * knows when the environment does not say.
 */
export async function doctorSettings(
  given: Environment,
  options: {
    readonly platform: 'local' | 'gcp';
    readonly storeProfile: StoreProfile | undefined;
    readonly checksADay: number;
  },
): Promise<DoctorSettings> {
  const all = await allSettings();
  const { export: exporting, trust, publish, 'federation-pull': pull } = all;
  const { platform, storeProfile = 'production', checksADay } = options;
  const told = valueOf(given)('PROFILE', { ...exporting.PROFILE, fallback: undefined }, undefined);
  const profile = told ?? storeProfile;
  const env = platform === 'local' ? { ...PROFILE_VARIABLES[profile], ...given } : given;
  const value = valueOf(env);
  const secret = value('KEY_HASH_SECRET', exporting.KEY_HASH_SECRET, undefined)?.reveal() ?? '';
  const ms = (name: keyof typeof exporting & `${string}_${'SECONDS' | 'HOURS'}`): number =>
    value<number>(name, exporting[name], 0) * (name.endsWith('_HOURS') ? HOUR : SECOND);
  return {
    window:
      value('TRUNCATE_WINDOW_SECONDS', exporting.TRUNCATE_WINDOW_SECONDS, undefined) ?? fail(),
    profile,
    keyHashSecret: secret === '' ? undefined : Buffer.from(secret, 'hex'),
    minWindowAge: ms('MIN_WINDOW_AGE_SECONDS'),
    exportRetention: ms('EXPORT_RETENTION_HOURS'),
    indexMaxAgeSeconds: value('INDEX_MAX_AGE_SECONDS', exporting.INDEX_MAX_AGE_SECONDS, 0),
    exportLate: ms('EXPORT_LATE_SECONDS'),
    maxKeyAgeHours: value('MAX_KEY_AGE_HOURS', exporting.MAX_KEY_AGE_HOURS, 0),
    newDataKey: value('NEW_DATA_KEY_HOURS', trust.NEW_DATA_KEY_HOURS, 0) * HOUR,
    federationLate: value('FEDERATION_LATE_SECONDS', pull.FEDERATION_LATE_SECONDS, 0) * SECOND,
    checksADay,
    unfit: unfitIn(env, platform),
    refused: SERVICE_NAMES.flatMap((name) => refusedIn(name, all[name], env)),
    tokenKey: value('REVISION_TOKEN_KEY', publish.REVISION_TOKEN_KEY, ''),
    jobKeys: value('OIDC_JWKS_URL', exporting.OIDC_JWKS_URL, undefined)?.href,
    ...partnersOf(all, env, platform),
    ports: portsOf(value),
  };
}

function fail(): never {
  throw new Error('a setting has no default');
}

type AllSettings = Awaited<ReturnType<typeof allSettings>>;

function partnersOf(
  all: AllSettings,
  env: Environment,
  platform: 'local' | 'gcp',
): Pick<DoctorSettings, 'partnerKeys' | 'certificateFile'> {
  const { FEDERATION_ISSUERS, TLS_CERT_FILE } = all['federation-serve'];
  const value = valueOf(env);
  const issuers = value('FEDERATION_ISSUERS', FEDERATION_ISSUERS, []);
  // On one machine the launcher names its own issuer where nobody says otherwise.
  const isTold = platform === 'gcp' || (env['FEDERATION_ISSUERS'] ?? '') !== '';
  const partnerKeys = isTold
    ? all.issuersOf({ FEDERATION_ISSUERS: issuers }).map(({ jwksUrl }) => jwksUrl)
    : [];
  return { partnerKeys, certificateFile: value('TLS_CERT_FILE', TLS_CERT_FILE, '') };
}

const portsOf = (value: ReturnType<typeof valueOf>): DoctorSettings['ports'] => ({
  PUBLISH_PORT: value('PUBLISH_PORT', machinePorts.PUBLISH_PORT, 0),
  EXPORT_PORT: value('EXPORT_PORT', machinePorts.EXPORT_PORT, 0),
  TRUST_PORT: value('TRUST_PORT', machinePorts.TRUST_PORT, 0),
  CLEANUP_PORT: value('CLEANUP_PORT', machinePorts.CLEANUP_PORT, 0),
  FEDERATION_SERVE_PORT: value('FEDERATION_SERVE_PORT', machinePorts.FEDERATION_SERVE_PORT, 0),
  FEDERATION_PULL_PORT: value('FEDERATION_PULL_PORT', machinePorts.FEDERATION_PULL_PORT, 0),
  CDN_PORT: value('CDN_PORT', machinePorts.CDN_PORT, 0),
  ISSUER_PORT: value('ISSUER_PORT', machinePorts.ISSUER_PORT, 0),
});

/** What a service would refuse of this environment. What it lacks is no fault here: others may tell the service. */
function refusedIn(
  service: string,
  declared: Parameters<typeof loadSettings>[0],
  env: Environment,
): readonly string[] {
  try {
    loadSettings(declared, env);
    return [];
  } catch (fault) {
    if (!(fault instanceof ConfigFault)) throw fault;
    const refused = fault.problems.filter(({ kind }) => kind === 'refused');
    const told = refused.map(({ name, allowed }) => `${name} must be ${allowed}`);
    return told.length === 0 ? [] : [`${service} does not start: ${told.join('; ')}.`];
  }
}

const STAND_INS = ['FIRESTORE_ENDPOINT', 'STORAGE_ENDPOINT', 'KMS_ENDPOINT'];
const EMULATORS = ['FIRESTORE_EMULATOR_HOST', 'STORAGE_EMULATOR_HOST'];

/** A sentence for each setting that is for trying things out, or turns phones away. */
function unfitIn(env: Environment, platform: 'local' | 'gcp'): readonly string[] {
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  const standIns = [...(platform === 'gcp' ? STAND_INS : []), ...EMULATORS].filter(isSet);
  return [
    ...(env['MAINTENANCE'] === 'true' ? ['MAINTENANCE turns every upload away.'] : []),
    ...(env['LOG_LEVEL'] === 'debug' ? ['LOG_LEVEL=debug writes more than is needed.'] : []),
    ...(env['FEDERATION_PLAINTEXT_LOOPBACK'] === 'true'
      ? ['FEDERATION_PLAINTEXT_LOOPBACK calls partners on this machine without TLS.']
      : []),
    ...(env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
      ? ['NODE_TLS_REJECT_UNAUTHORIZED=0 believes every certificate.']
      : []),
    ...standIns.map((name) => `${name} names a stand-in instead of Google Cloud.`),
  ];
}
