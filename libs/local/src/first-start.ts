import { type Random, randomId } from '@keyserver/random';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createIn, failedWith, nameOnce, writeDurably } from './durable-files.ts';
import { DataDirectoryFault } from './unusable-data-directory.ts';

/** Where the parts of a store lie in a data directory. */
export const PLACES = {
  database: 'keyserver.sqlite',
  keys: 'keys',
  keyHashSecret: 'keys/key-hash.secret',
  storeId: 'keys/store-id',
  buckets: 'buckets',
  /** There from before the first part is made until all of them are. */
  firstStart: 'first-start',
} as const;

/** What an operator reads for every part that is gone. */
export const HOW_TO_RESTORE =
  'nothing was made anew; put it back from a copy, as docs/runbooks/missing-part.md says';

/** Whether a data directory is to be filled, or holds a store whose parts must all be there. */
export type DirectoryState = 'first_start' | 'store';

/**
 * Finds out what a data directory is. Only one in which no part of a store lies, or whose first start was not finished, is
 * filled; the database alone may be missing where a command is about to fill a new one. The order of the questions
 * matters: another process may be in the middle of its first start, in which everything appears before the note goes.
 */
export async function stateOf(
  dataDirectory: string,
  of: { readonly random: Random; readonly databaseMayBeNew: boolean },
): Promise<DirectoryState> {
  const has = async (place: keyof typeof PLACES): Promise<boolean> =>
    await holdsBytes(join(dataDirectory, PLACES[place]));
  const database = await has('database');
  const traces = await tracesIn(dataDirectory);
  if (!database && traces.length === 0) {
    await noteFirstStart(dataDirectory, of.random);
    return 'first_start';
  }
  // The id is the last thing that a first start makes, so a note beside it is a leftover.
  if (!(await has('storeId')) && (await has('firstStart'))) return 'first_start';
  if (!(await has('database')) && !of.databaseMayBeNew) throw databaseGone(dataDirectory, traces);
  return 'store';
}

function databaseGone(dataDirectory: string, traces: readonly string[]): DataDirectoryFault {
  return new DataDirectoryFault(
    `The database of ${dataDirectory} is gone: ${PLACES.database} is missing or empty, but ${traces.join(' and ')} of a store ${traces.length === 1 ? 'is' : 'are'} there; ${HOW_TO_RESTORE}.`,
  );
}

/** What only a store leaves in a directory. Signing keys are none: an operator puts them there before the first start. */
async function tracesIn(dataDirectory: string): Promise<readonly string[]> {
  const traces = [PLACES.storeId, PLACES.keyHashSecret, PLACES.buckets];
  const there = await Promise.all(traces.map((place) => holdsBytes(join(dataDirectory, place))));
  return traces.filter((_, n) => there[n] === true);
}

/** Whether there is a file that is not empty, or a directory that is not. */
async function holdsBytes(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    return found.isDirectory() ? (await readdir(path)).length > 0 : found.size > 0;
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return false;
    throw error;
  }
}

async function noteFirstStart(dataDirectory: string, random: Random): Promise<void> {
  const temporary = `.${randomId(random)}.new`;
  const note = Buffer.from('The first start of this directory is not finished.\n');
  await writeDurably(await createIn(dataDirectory, temporary, 0o600), [note]);
  await nameOnce(join(dataDirectory, temporary), join(dataDirectory, PLACES.firstStart));
}
