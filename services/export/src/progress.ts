import {
  type BatchListing,
  type ExportConfig,
  type ListExports,
  type OpenBucket,
  type Progress,
  dueBatches,
  indexName,
} from '@keyserver/export-file';
import type { Partner } from '@keyserver/federation';
import { configuredId } from '@keyserver/log';
import type { UnitStore } from '@keyserver/stores';
import type { ReadProgress } from '@keyserver/service';
import { type UnixMillis, type WindowCalendar, unixMillis } from '@keyserver/time';
import { isSamePlace } from './publish-index.ts';

/** What it takes to tell how far exports and padded partners have come. */
interface ExportProgressDeps {
  /** The exports of which files should be there by now. */
  readonly listPlanned: ListExports;
  readonly listings: Pick<BatchListing, 'progressOf' | 'indexed'>;
  readonly units: Pick<UnitStore, 'listPadded' | 'progressOf'>;
  readonly openBucket: OpenBucket;
  readonly storeTime: () => Promise<UnixMillis>;
  /** The release windows of keys. */
  readonly readWindows: () => WindowCalendar | Promise<WindowCalendar>;
  /** How long files stay in the index, ms. */
  readonly retentionMs: number;
}

/**
 * Tells how far exports and padded partners have come, from the store and the buckets alone. One that was never cut has come to where
 * it begins; one that has ended, and of which nothing is left to be done, tells nothing any more.
 */
export const exportProgress = (deps: ExportProgressDeps): readonly ReadProgress[] => [
  async (tell) => {
    const now = await deps.storeTime();
    const windows = await deps.readWindows();
    for (const planned of await deps.listPlanned()) {
      const progress = await deps.listings.progressOf(planned.id);
      if (hasEnded(planned, { progress, now, windows })) continue;
      const config = configuredId(planned);
      const made = progress.open?.start ?? cutUntil(planned, progress);
      tell('keyserver_export_made_until_timestamp_seconds', { config }, made);
      const listed = Math.min(made, progress.unlisted?.start ?? made);
      const published = (await hasIndex(deps, planned, now)) ? listed : 0;
      tell('keyserver_export_published_until_timestamp_seconds', { config }, unixMillis(published));
    }
  },
  async (tell) => {
    for (const partner of await deps.units.listPadded(await deps.storeTime()))
      tell(
        'keyserver_partner_settled_until_timestamp_seconds',
        { partner: configuredId(partner) },
        await settledUntil(deps, partner),
      );
  },
];

/** Whether nothing is due of an export any more, ever. */
function hasEnded(
  config: ExportConfig,
  {
    progress,
    now,
    windows,
  }: { readonly progress: Progress; readonly now: UnixMillis; readonly windows: WindowCalendar },
): boolean {
  const { thru } = config;
  if (thru === undefined || thru > now) return false;
  if (progress.open !== undefined || progress.unlisted !== undefined) return false;
  const from = cutUntil(config, progress);
  return dueBatches(config, { from, until: thru, windows, limit: 1 }).length === 0;
}

const cutUntil = ({ from }: ExportConfig, { coveredUntil }: Progress): UnixMillis =>
  coveredUntil ?? from;

/** Whether the index of an export is there; one without files needs none. */
async function hasIndex(
  { listings, openBucket, retentionMs }: ExportProgressDeps,
  config: ExportConfig,
  now: UnixMillis,
): Promise<boolean> {
  const since = unixMillis(Math.max(0, now - retentionMs));
  const { batches } = await listings.indexed(config.id, since);
  const listed = batches.some(
    ({ state, config: place }) => state === 'complete' && isSamePlace(place, config),
  );
  if (!listed) return true;
  return (await openBucket(config.bucket).find(indexName(config.filenameRoot))) !== undefined;
}

async function settledUntil(
  { units }: ExportProgressDeps,
  { id, from }: Partner,
): Promise<UnixMillis> {
  const { open, coveredUntil } = await units.progressOf(id);
  return open?.start ?? coveredUntil ?? from;
}
