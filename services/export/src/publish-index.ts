import {
  type BatchListing,
  type BlobStore,
  type ExportConfig,
  type IndexedBatch,
  type ListExports,
  type Listing,
  indexHeaders,
  indexName,
  renderIndex,
} from '@keyserver/export-file';
import { type Logger, configuredId } from '@keyserver/log';
import { DAY, type UnixMillis, unixMillis } from '@keyserver/time';
import { type VerificationKeysDeps, publishVerificationKeys } from './publish-verification-keys.ts';
import { replaceObject } from './replace-object.ts';

/** What it takes to publish an index. */
export interface PublishIndexDeps extends VerificationKeysDeps {
  readonly listings: BatchListing;
  readonly listExports: ListExports;
  readonly storeTime: () => Promise<UnixMillis>;
  readonly log: Logger;
  /** How long files stay in the index, in ms. */
  readonly retentionMs: number;
  /** Age that a window must have before it is exported, in ms. */
  readonly minWindowAge: number;
}

/** Where an export publishes, as its batches have it; an edited export may still have files in the old place. */
export type Destination = Pick<ExportConfig, 'id' | 'bucket' | 'filenameRoot' | 'signingKeys'>;

/**
 * Brings the index of an export up to date, and before it the keys that its files are checked with. The index names the
 * files of finished batches up to the first unfinished one, and what ended later below what ended earlier, because phones
 * that remember the last line would miss a file that appears above it. A file whose archive is gone is left out, since
 * phones that meet a 404 may stop there; the answer is how many these are.
 */
export async function publishIndex(
  deps: PublishIndexDeps,
  to: Destination,
  signal: AbortSignal,
): Promise<number> {
  const now = await deps.storeTime();
  const since = unixMillis(Math.max(0, now - deps.retentionMs));
  const live = (await deps.listExports()).find(({ id }) => id === to.id);
  let seen: Seen = { listed: [], expired: [], names: [], missing: 0 };
  const written = await replaceObject(
    {
      bucket: deps.openBucket(to.bucket),
      name: indexName(to.filenameRoot),
      headers: indexHeaders(deps.indexMaxAgeSeconds),
      contentAfter: async () => {
        const listing = await deps.listings.indexed(to.id, since);
        alertIfHeld(deps, listing, now);
        seen = await seenIn(listing, to, deps.openBucket(to.bucket));
        const signingKeys = [
          ...(live ?? to).signingKeys,
          ...seen.listed.flatMap(({ signers }) => signers),
        ];
        await publishVerificationKeys(deps, { ...to, signingKeys, since }, signal);
        return renderIndex(seen.names);
      },
    },
    deps.pause,
    signal,
  );
  report(deps.log, to, { ...seen, written });
  await deps.listings.markListed([...seen.listed, ...seen.expired]);
  return seen.missing;
}

/** What an index is made of. */
interface Seen {
  readonly listed: readonly IndexedBatch[];
  readonly expired: readonly IndexedBatch[];
  /** The archives of the listed batches that are there. */
  readonly names: readonly string[];
  /** How many of their archives are not there. */
  readonly missing: number;
}

async function seenIn(listing: Listing, to: Destination, bucket: BlobStore): Promise<Seen> {
  const listed = listing.batches.filter(({ config }) => isSamePlace(config, to));
  const recorded = listed.flatMap(({ names }) => names);
  const present = await objectsBelow(bucket, to.filenameRoot);
  const names = recorded.filter((name) => present.has(name));
  return { listed, expired: listing.expired, names, missing: recorded.length - names.length };
}

function report(
  log: Logger,
  to: Destination,
  { names, missing, written }: Seen & { readonly written: boolean },
): void {
  const config = configuredId(to);
  if (written) log.event('export.index_written', { config, files: names.length });
  if (missing > 0) log.event('export.archive_missing', { config, files: missing });
}

/** How long after its last file has left an index that index is still looked after. */
const EMPTIED = 7 * DAY;

/** Where files of an export are listed, or were until lately: an edited export has files in more than one place. */
export async function placesOf(
  { listings, retentionMs }: PublishIndexDeps,
  config: ExportConfig,
  now: UnixMillis,
): Promise<readonly Destination[]> {
  const since = unixMillis(Math.max(0, now - retentionMs - EMPTIED));
  const { batches } = await listings.indexed(config.id, since);
  const places: Destination[] = [];
  for (const place of [config, ...batches.map((batch) => batch.config)])
    if (!places.some((known) => isSamePlace(known, place))) places.push(place);
  return places;
}

/**
 * The names of all objects of an export. They were recorded after they were written, and whatever was written is listed at
 * once: on Google Cloud as well (https://cloud.google.com/storage/docs/consistency).
 */
async function objectsBelow(bucket: BlobStore, root: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const { name } of bucket.list(`${root}/`)) names.add(name);
  return names;
}

/** Whether two copies of an export publish at the same place. */
export const isSamePlace = (one: Destination, other: Destination): boolean =>
  one.id === other.id && one.bucket === other.bucket && one.filenameRoot === other.filenameRoot;

function alertIfHeld(
  { log, minWindowAge }: PublishIndexDeps,
  { heldBackBy }: Listing,
  now: UnixMillis,
): void {
  if (heldBackBy === undefined) return;
  const { config, end } = heldBackBy;
  if (now > end + minWindowAge + config.period)
    log.event('export.prefix_held', {
      config: configuredId(config),
      batch: configuredId(heldBackBy),
    });
}
