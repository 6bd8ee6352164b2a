import { ARCHIVE_HEADERS, type BlobInfo, indexName, parseIndex } from '@keyserver/export-file';
import { type UnixMillis, millisOf, unixSeconds } from '@keyserver/time';
import type { Export, OpenPatient } from './patient.ts';

/** What lies in the bucket of an export. */
export interface ListedFiles {
  readonly config: Export;
  /** The archives that the index names, in its order; undefined when there is no index, or what is there is none. */
  readonly listed: readonly string[] | undefined;
  readonly indexIs: 'there' | 'absent' | 'no_index';
  /** Every archive below the root of the export, by name. */
  readonly archives: ReadonlyMap<string, BlobInfo>;
}

/** Reads the index of an export, and lists its archives. */
export async function listedFiles(
  { openBucket }: OpenPatient,
  config: Export,
): Promise<ListedFiles> {
  const bucket = openBucket(config.bucket);
  const index = await bucket.read(indexName(config.filenameRoot));
  const listed = index === undefined ? undefined : parseIndex(index.content);
  const archives = new Map<string, BlobInfo>();
  for await (const info of bucket.list(`${config.filenameRoot}/`))
    if (info.contentType === ARCHIVE_HEADERS.contentType || info.name.endsWith('.zip'))
      archives.set(info.name, info);
  const indexIs = index === undefined ? 'absent' : listed === undefined ? 'no_index' : 'there';
  return { config, listed, indexIs, archives };
}

const ARCHIVE = /\/\d{10}-(\d{10})-\d{5}\.zip$/;

/** When the batch of an archive ended, by its name; undefined for a name that this server never gives. */
export function endOf(name: string): UnixMillis | undefined {
  const [, end] = ARCHIVE.exec(name) ?? [];
  return end === undefined ? undefined : millisOf(unixSeconds(Number(end)));
}
