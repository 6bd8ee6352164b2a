import { Fault } from '@keyserver/fault';
import type { ExportConfig, ListExports } from '@keyserver/export-file';
import { type Logger, faultTrail } from '@keyserver/log';
import type { PlanSpan } from '@keyserver/padding';
import { SECOND, type UnixMillis } from '@keyserver/time';
import type { SigningKeyWatch } from './signing-key-watch.ts';

/** Resolves when everything needed may be done in a bucket; otherwise the rejection says what is wrong. */
export type CheckBucket = (bucket: string) => Promise<void>;

/** What a start is checked with. */
export interface StartChecks {
  readonly listExports: ListExports;
  readonly storeTime: () => Promise<UnixMillis>;
  /** How long a plan holds, ms. */
  readonly span: PlanSpan;
  readonly watch: SigningKeyWatch;
  readonly log: Logger;
  readonly checkBucket: CheckBucket;
  /** Whether a version that works goes on when this one does not start, as on Google Cloud. */
  readonly replacesAnother: boolean;
}

/**
 * Tries what the exports need. A start is refused when no batch of an export fits into a plan, when a bucket can never serve, or is not the store's own; on Google Cloud
 * also when every key of an export can never sign: the version of the service that ran before goes on then. On one machine nothing could go on in its place, and other
 * exports need none of what is missing. What a start is not refused for is reported, and shows in health.
 */
export async function checkStart(options: StartChecks): Promise<void> {
  const { watch, checkBucket, replacesAnother } = options;
  const exports = await unended(options);
  const across = exports.find(({ period }) => options.span % period !== 0);
  if (across !== undefined) throw new Error(acrossPlans(across, options.span));
  if (!(await areBucketsThere(exports, options.log, checkBucket))) return;
  await watch.check();
  if (replacesAnother && watch.silent().length > 0) throw new Error(watch.problems().join('; '));
}

/** False when a bucket cannot be asked now, which the first job finds out again. */
async function areBucketsThere(
  exports: readonly ExportConfig[],
  log: Logger,
  check: CheckBucket,
): Promise<boolean> {
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

async function unended({
  listExports,
  storeTime,
}: Pick<StartChecks, 'listExports' | 'storeTime'>): Promise<readonly ExportConfig[]> {
  const now = await storeTime();
  return (await listExports()).filter(({ thru }) => thru === undefined || now < thru);
}

/** Only the development profile has plans that a period may be too long for, and it is not known before a store is first opened. */
const acrossPlans = ({ id, period }: ExportConfig, span: PlanSpan): string =>
  `export ${id} has a period of ${period / SECOND} s, but in the development profile a plan lasts ${span / SECOND} s: give it a shorter one with \`npx keyserver config apply\`, or begin with an empty store and PROFILE=production`;

const isAway = (fault: unknown): boolean => fault instanceof Fault && fault.code === 'away';
