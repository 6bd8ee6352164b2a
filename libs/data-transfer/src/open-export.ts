import { basename } from 'node:path';
import type { Collection } from '@keyserver/docstore';
import {
  exportConfigs,
  isFoundBy,
  keyBatches,
  keyHasher,
  movedCollections,
} from '@keyserver/stores';
import { readManifest, recordsFile } from './directory.ts';
import { type Comparison, type Survey, documentsOf, survey } from './collection-file.ts';
import type { ExportedCollection, Manifest } from './manifest.ts';
import type { Tally } from './record.ts';
import { DataExportFault } from './unusable-export.ts';

/** A finished export of which every byte has been checked. */
export interface OpenExport {
  readonly manifest: Manifest;
  /** The collections in their order, and their files. */
  readonly files: readonly { readonly collection: Collection<object>; readonly path: string }[];
  /** By collection, what a store that took the export must have. */
  readonly live: ReadonlyMap<string, Tally>;
}

/** Opens a finished export. Throws DataExportFault unless all of it is there, unchanged, and known to this version. */
export async function openExport(directory: string, as: Comparison): Promise<OpenExport> {
  const manifest = await readManifest(directory);
  const { exportId } = manifest;
  const files: OpenExport['files'][number][] = [];
  const live = new Map<string, Tally>();
  for (const stated of manifest.collections) {
    const collection = movedCollections.find(({ layout }) => layout.name === stated.name);
    if (collection === undefined)
      throw new DataExportFault(
        `the export has a collection ${stated.name}, which this version does not know`,
      );
    const path = recordsFile(directory, stated.name);
    const found = await survey(path, { exportId, collection }, as);
    if (!isAsStated(stated, found))
      throw new DataExportFault(`${basename(path)} is not the file that was exported`);
    files.push({ collection, path });
    live.set(stated.name, found.live);
  }
  const missing = movedCollections.find(({ layout }) => !live.has(layout.name));
  if (missing !== undefined)
    throw new DataExportFault(`the export lacks the collection ${missing.layout.name}`);
  return { manifest, files, live };
}

const isAsStated = (stated: ExportedCollection, found: Survey): boolean =>
  stated.documents === found.documents &&
  stated.digest === found.digest &&
  stated.bytes === found.bytes &&
  stated.sha256 === found.sha256;

/** Whether the keys of an export are looked up under this secret; without a single key under any. */
export async function isHashedUnder(
  { manifest: { exportId }, files }: OpenExport,
  secret: Uint8Array,
): Promise<boolean> {
  const path = files.find(
    ({ collection }) => collection.layout.name === keyBatches.layout.name,
  )?.path;
  if (path === undefined) return true;
  for await (const { value } of documentsOf(path, { exportId, collection: keyBatches }))
    return isFoundBy(value, keyHasher(secret));
  return true;
}

/** The first of these buckets that no configuration of the export names; undefined when there is none. */
export async function unknownBucket(
  { manifest: { exportId }, files }: OpenExport,
  names: Iterable<string>,
): Promise<string | undefined> {
  const path = files.find(
    ({ collection }) => collection.layout.name === exportConfigs.layout.name,
  )?.path;
  const unknown = new Set(names);
  if (path === undefined || unknown.size === 0) return unknown.values().next().value;
  for await (const { value } of documentsOf(path, { exportId, collection: exportConfigs }))
    unknown.delete(value.bucket);
  return unknown.values().next().value;
}
