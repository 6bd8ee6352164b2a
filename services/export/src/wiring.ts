import { endpointOf, platformOf } from '@keyserver/config';
import type { DocumentStore } from '@keyserver/docstore';
import type { FindSigner, OpenBucket } from '@keyserver/export-file';
import { systemTimers } from '@keyserver/jobs';
import type { CloudKms, KeyProblem } from '@keyserver/gcp/kms';
import type { CloudBuckets } from '@keyserver/gcp/storage';
import { type HealthProblem, type Logger, faultTrail } from '@keyserver/log';
import { type Ambient, callerVerifier, probeAll } from '@keyserver/service';
import {
  exportStore,
  findSigningKeys,
  keyHasher,
  leaseStore,
  listExports,
  readKeyBatches,
} from '@keyserver/stores';
import { DAY, HOUR, SECOND } from '@keyserver/time';
import type { AppDeps } from './app.ts';
import type { ExportSettings } from './config.ts';
import { type InUse, inUse } from './in-use.ts';
import { jitteredPause } from './pause.ts';
import { scheduledJobs } from './scheduled-jobs.ts';

/** How long batches outlast their files, so that the files can still be deleted by them. */
const AFTERLIFE = 60 * DAY;

/** The service's dependencies, and how to give back what they hold. */
export interface Wired {
  readonly deps: AppDeps;
  readonly release: () => Promise<void>;
}

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(config: ExportSettings, ambient: Ambient): Promise<Wired> {
  const { clock, random, openLog, logHealth } = ambient;
  const verifyCaller = callerVerifierOf(config, ambient);
  const log = openLog(config.LOG_LEVEL);
  const platform = await openPlatform(config, ambient, log);
  const { store, openBucket, findSigner } = platform;
  const times = timesOf(config, store.closingDelay);
  const keys = {
    window: times.window,
    retention: config.KEY_RETENTION_HOURS * HOUR,
    maxKeyAge: config.MAX_KEY_AGE_HOURS * HOUR,
    hashKey: keyHasher(platform.keyHashSecret),
  };
  const batches = exportStore(store, { random, keys, keepMs: times.retentionMs + AFTERLIFE });
  const jobs = scheduledJobs({
    ...batches,
    ...times,
    ...{ log, clock, random, openBucket, findSigner },
    listExports: listExports(store),
    findSigningKeys: findSigningKeys(store),
    readKeyBatches: readKeyBatches(store, keys),
    storeTime: async () => await store.now(),
    leases: leaseStore(store, random),
    timers: systemTimers,
    pause: jitteredPause(random, systemTimers),
    limit: config.CATCH_UP_BATCHES,
  });
  const health = probeAll(async () => {
    await store.now();
  }, logHealth);
  return { deps: { log, clock, random, health, verifyCaller, jobs }, release: platform.close };
}

interface Platform {
  readonly store: DocumentStore;
  readonly openBucket: OpenBucket;
  readonly findSigner: FindSigner;
  readonly keyHashSecret: Uint8Array;
  readonly close: () => Promise<void>;
}

// Each platform is loaded only where it is chosen: the clients of a cloud take their time to load.
async function openPlatform(
  config: ExportSettings,
  ambient: Ambient,
  log: Logger,
): Promise<Platform> {
  const { clock, random } = ambient;
  const platform = platformOf(config);
  if (platform.kind === 'gcp') return await openCloud(config, platform, { ...ambient, log });
  const { openLocalPlatform } = await import('@keyserver/local');
  return await openLocalPlatform({ dataDirectory: platform.dataDirectory, clock, random });
}

async function openCloud(
  config: ExportSettings,
  cloud: Extract<ReturnType<typeof platformOf>, { kind: 'gcp' }>,
  { clock, random, log }: Ambient & { readonly log: Logger },
): Promise<Platform> {
  const [{ openFirestoreStore }, { openCloudBuckets }, { openKms }] = await Promise.all([
    import('@keyserver/gcp/firestore'),
    import('@keyserver/gcp/storage'),
    import('@keyserver/gcp/kms'),
  ]);
  const { project: projectId, database: databaseId, firestore, keyHashSecret } = cloud;
  const at = firestore === undefined ? {} : { emulatorHost: firestore };
  const standIn = endpointOf(config.STORAGE_ENDPOINT);
  const buckets = openCloudBuckets({
    ...{ projectId, random },
    ...(standIn === undefined ? {} : { apiEndpoint: `http://${standIn}` }),
  });
  const kms = await openKms({ endpoint: endpointOf(config.KMS_ENDPOINT), random });
  const store = await openFirestoreStore({ projectId, databaseId, ...at, clock, random });
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), kms.close()]);
  };
  try {
    const deps = { listExports: listExports(store), findSigningKeys: findSigningKeys(store) };
    await checkCloud(await inUse(deps, clock.now()), { kms, buckets, log });
  } catch (fault) {
    await close();
    throw fault;
  }
  const { openBucket } = buckets;
  return { store, openBucket, findSigner: kms.findSigner, keyHashSecret, close };
}

/**
 * Refuses to start when a bucket, or every key of an export, can never serve. What time may mend is only reported, and so is
 * a key beside which another one signs, such as the old one of a server that has moved here.
 */
async function checkCloud(used: InUse, cloud: Checked): Promise<void> {
  const { kms, buckets, log } = cloud;
  const passing = (problem: HealthProblem, fault: unknown): void => {
    log.event('service.unhealthy', { problems: [problem], causes: faultTrail(fault) });
  };
  const faults = await kms.check({ signing: used.signing });
  const lasting = new Map(
    faults.filter(({ problem }) => !PASSING.has(problem)).map((fault) => [fault.key, fault]),
  );
  if (used.signingOf.some((keys) => keys.every((key) => lasting.has(key))))
    throw new Error([...lasting.values()].map(({ message }) => message).join('; '));
  for (const fault of faults) passing('signing_key_unusable', fault);
  for (const bucket of used.buckets)
    try {
      await buckets.check(bucket);
    } catch (fault) {
      if (!isAway(fault)) throw fault;
      passing('bucket_unavailable', fault);
    }
}

interface Checked {
  readonly kms: CloudKms;
  readonly buckets: CloudBuckets;
  readonly log: Logger;
}

/** Problems of a key that may be over in a moment: Cloud KMS was away or in trouble, or its quota was used up. */
const PASSING: ReadonlySet<KeyProblem> = new Set(['unreachable', 'corrupt', 'failed']);

const isAway = (fault: unknown): boolean =>
  fault instanceof Error && 'reason' in fault && fault.reason === 'away';

function timesOf(config: ExportSettings, closingDelay: number) {
  return {
    window: config.TRUNCATE_WINDOW_SECONDS,
    minWindowAge: Math.max(config.MIN_WINDOW_AGE_SECONDS * SECOND, closingDelay),
    retentionMs: config.EXPORT_RETENTION_HOURS * HOUR,
    leaseMs: config.LEASE_SECONDS * SECOND,
    // A call that had time for less than two batches would do one, and leave the others to the next call.
    batchDeadlineMs:
      Math.min(config.BATCH_DEADLINE_SECONDS, config.WORK_DEADLINE_SECONDS / 2) * SECOND,
    deadlines: {
      createBatches: config.CREATE_BATCHES_DEADLINE_SECONDS * SECOND,
      doWork: config.WORK_DEADLINE_SECONDS * SECOND,
    },
  };
}

const callerVerifierOf = (config: ExportSettings, { clock }: Ambient): AppDeps['verifyCaller'] =>
  callerVerifier({
    issuers: [{ issuer: config.OIDC_ISSUER, jwksUrl: config.OIDC_JWKS_URL.href }],
    audience: config.OIDC_AUDIENCE,
    emails: config.CALLER_EMAILS,
    clock,
    // The setting takes a plain http address only of this very machine.
    allowHttpJwks: config.OIDC_JWKS_URL.protocol === 'http:',
  });
