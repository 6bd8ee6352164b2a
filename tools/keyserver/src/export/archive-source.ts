import { dirname, join } from 'node:path';
import { MAX_ARCHIVE_BYTES, parseIndex } from '@keyserver/export-file';
import type { Timers } from '@keyserver/time';
import { download } from '../download.ts';
import { CommandFault } from '../failure.ts';
import { readSmallFile } from '../files.ts';
import { addressOf } from '../option-values.ts';
import { type FindKeys, keysAt } from './verification-key-source.ts';

/** An archive that somebody named or an index lists, and the keys that may have signed it. */
export interface ArchiveSource {
  readonly name: string;
  /** Whether an index promises it, so that its absence is a fault of the server and not of the caller. */
  readonly listed: boolean;
  readonly load: () => Promise<Uint8Array>;
  readonly keys: FindKeys;
}

const MAX_INDEX_BYTES = 1024 * 1024;

/** Reads an archive from a file or an address. */
export const loadArchive = async (place: string, timers: Timers): Promise<Uint8Array> =>
  isAddress(place)
    ? await download(addressOf(place), MAX_ARCHIVE_BYTES, timers)
    : await readSmallFile(place, MAX_ARCHIVE_BYTES);

/** The archives that one argument stands for: itself, or all that an index lists. Keys lie beside them unless chosen. */
export async function archivesAt(
  place: string,
  chosen: FindKeys | undefined,
  timers: Timers,
): Promise<readonly ArchiveSource[]> {
  if (isAddress(place) && addressOf(place).pathname.endsWith('/index.txt'))
    return await archivesOfIndex(addressOf(place), chosen, timers);
  const beside = isAddress(place)
    ? new URL('keys.json', addressOf(place)).href
    : join(dirname(place), 'keys.json');
  const load = async (): Promise<Uint8Array> => await loadArchive(place, timers);
  return [{ name: place, listed: false, load, keys: chosen ?? keysAt(beside, timers) }];
}

const isAddress = (place: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(place);

async function archivesOfIndex(
  index: URL,
  chosen: FindKeys | undefined,
  timers: Timers,
): Promise<readonly ArchiveSource[]> {
  const names = parseIndex(await download(index, MAX_INDEX_BYTES, timers));
  if (names === undefined) throw new CommandFault(`${index.href} is not an export index`);
  const keys = chosen ?? keysAt(new URL('keys.json', index).href, timers);
  return names.map((name) => ({
    name,
    listed: true,
    load: async () => await download(besideIndex(index, name), MAX_ARCHIVE_BYTES, timers),
    keys,
  }));
}

/** Names in an index begin at the root of its bucket: BASE/v1/index.txt lists v1/1-2-00001.zip. */
function besideIndex(index: URL, name: string): URL {
  const folder = `/${name.slice(0, name.lastIndexOf('/') + 1)}`;
  const at = new URL('.', index).pathname;
  if (folder === '/' || !at.endsWith(folder))
    throw new CommandFault('the index lists it outside its own folder');
  return new URL(name.slice(folder.length - 1), new URL('.', index));
}
