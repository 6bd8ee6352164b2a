import { Fault } from '@keyserver/fault';
import type { ExportConfig, ListExports } from '@keyserver/export-file';
import { type Logger, faultTrail } from '@keyserver/log';
import type { UnixMillis } from '@keyserver/time';
import type { SigningKeyWatch } from './signing-key-watch.ts';

/** Resolves when everything needed may be done in a bucket; otherwise the rejection says what is wrong. */
export type CheckBucket = (bucket: string) => Promise<void>;

/** What a start is checked with. */
export interface StartChecks {
  readonly listExports: ListExports;
  readonly storeTime: () => Promise<UnixMillis>;
  readonly watch: SigningKeyWatch;
  readonly log: Logger;
  readonly checkBucket: CheckBucket;
  /** Whether a version that works goes on when this one does not start, as on Google Cloud. */
  readonly replacesAnother: boolean;
}

/**
 * Tries what the exports need. A start is refused when a bucket can never serve, or is not the store's own; on Google Cloud
 * also when every key of an export can never sign: the version of the service that ran before goes on then. On one machine nothing could go on in its place, and other
 * exports need none of what is missing. What a start is not refused for is reported, and shows in health.
 */
export async function checkStart(options: StartChecks): Promise<void> {
  const { watch, checkBucket, replacesAnother } = options;
  if (!(await areBucketsThere(options, checkBucket))) return;
  await watch.check();
  if (replacesAnother && watch.silent().length > 0) throw new Error(watch.problems().join('; '));
}

/** False when a bucket cannot be asked now, which the first job finds out again. */
async function areBucketsThere(
  { listExports, storeTime, log }: StartChecks,
  check: CheckBucket,
): Promise<boolean> {
  const now = await storeTime();
  const exports = (await listExports()).filter((config) => isUnended(config, now));
  let there = true;
  for (const bucket of new Set(exports.map((config) => config.bucket)))
    try {
      await check(bucket);
    } catch (fault) {
      if (!isAway(fault)) throw fault;
      there = false;
      log.event('service.unhealthy', {
        problems: ['bucket_unavailable'],
        causes: faultTrail(fault),
      });
    }
  return there;
}

const isUnended = ({ thru }: ExportConfig, now: UnixMillis): boolean =>
  thru === undefined || now < thru;

const isAway = (fault: unknown): boolean => fault instanceof Fault && fault.code === 'away';
