import {
  type BatchListing,
  type ExportBatch,
  type ExportConfig,
  INDEX_HEADERS,
  type ListExports,
  type Listing,
  indexName,
  renderIndex,
} from '@keyserver/export-file';
import { type Logger, configuredId } from '@keyserver/log';
import { type UnixMillis, unixMillis } from '@keyserver/time';
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
 * that remember the last line would miss a file that appears above it.
 */
export async function publishIndex(
  deps: PublishIndexDeps,
  to: Destination,
  signal: AbortSignal,
): Promise<void> {
  const now = await deps.storeTime();
  const since = unixMillis(Math.max(0, now - deps.retentionMs));
  const live = (await deps.listExports()).find(({ id }) => id === to.id);
  let listed: readonly ExportBatch[] = [];
  const written = await replaceObject(
    {
      bucket: deps.openBucket(to.bucket),
      name: indexName(to.filenameRoot),
      headers: INDEX_HEADERS,
      contentAfter: async () => {
        const listing = await deps.listings.listing(to.id, since);
        listed = listing.batches.filter(({ config }) => isSamePlace(config, to));
        alertIfHeld(deps, listing, now);
        const signingKeys = [...(live ?? to).signingKeys, ...listed.flatMap(signersOf)];
        await publishVerificationKeys(deps, { ...to, signingKeys, since }, signal);
        return renderIndex(namesOf(listed));
      },
    },
    deps.pause,
    signal,
  );
  if (written)
    deps.log.event('export.index_written', {
      config: configuredId(to),
      files: namesOf(listed).length,
    });
  await deps.listings.markListed(listed);
}

/** Whether two copies of an export publish at the same place. */
export const isSamePlace = (one: Destination, other: Destination): boolean =>
  one.id === other.id && one.bucket === other.bucket && one.filenameRoot === other.filenameRoot;

const namesOf = (batches: readonly ExportBatch[]): readonly string[] =>
  batches.flatMap(({ files }) => files.map(({ name }) => name));

const signersOf = ({ frozen }: ExportBatch): readonly string[] =>
  frozen?.signers.map(({ id }) => id) ?? [];

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
