import { type OpenBucket, indexName, parseIndex } from '@keyserver/export-file';
import type { ExportPlace } from '@keyserver/stores';

/** The names in the index of a place; undefined when that cannot be told, so that all may be in it. */
export type ReadIndexNames = (place: ExportPlace) => Promise<ReadonlySet<string> | undefined>;

/**
 * Reads each index once in a run. What is in none may be gone for phones; where an index cannot be read, `failed` hears of it and
 * everything counts as listed.
 */
export function indexNames(
  openBucket: OpenBucket,
  failed: (place: ExportPlace, fault: unknown) => void,
): ReadIndexNames {
  const read = new Map<string, ReadonlySet<string> | undefined>();
  return async (place) => {
    const key = `${place.bucket}/${place.filenameRoot}`;
    if (!read.has(key)) read.set(key, await namesAt(openBucket, place, failed));
    return read.get(key);
  };
}

async function namesAt(
  openBucket: OpenBucket,
  place: ExportPlace,
  failed: (place: ExportPlace, fault: unknown) => void,
): Promise<ReadonlySet<string> | undefined> {
  try {
    const found = await openBucket(place.bucket).read(indexName(place.filenameRoot));
    if (found === undefined) return new Set();
    const names = parseIndex(found.content);
    if (names !== undefined) return new Set(names);
    throw new Error('the index is not a list of archives');
  } catch (fault) {
    failed(place, fault);
    return undefined;
  }
}
