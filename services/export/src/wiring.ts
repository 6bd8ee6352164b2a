import { systemTimers } from '@keyserver/jobs';
import { openLocalPlatform } from '@keyserver/local';
import { createLogger } from '@keyserver/log';
import { type Ambient, callerVerifier } from '@keyserver/service';
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
  const { clock, random, write } = ambient;
  const verifyCaller = callerVerifierOf(config, ambient);
  const platform = await openLocalPlatform({ dataDirectory: config.DATA_DIR, clock, random });
  const { store, openBucket, findSigner } = platform;
  const log = createLogger({ service: 'export', write, clock, level: config.LOG_LEVEL });
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
  const health = async (): Promise<void> => {
    await store.now();
  };
  return { deps: { log, clock, random, health, verifyCaller, jobs }, release: platform.close };
}

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
