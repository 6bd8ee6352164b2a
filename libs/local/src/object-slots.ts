import type { BlobHeaders } from '@keyserver/export-file';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createIn, failedWith, nameOnce, removeFile, writeDurably } from './durable-files.ts';

/**
 * What a generation of an object is: its headers and size, or the fact that the object was deleted. The nonce names its
 * content file and tells generations apart that have the same number, before and after the traces of a deletion are swept.
 */
export type Generation =
  | {
      readonly kind: 'object';
      readonly nonce: string;
      readonly size: number;
      readonly headers: BlobHeaders;
    }
  | { readonly kind: 'deleted'; readonly nonce: string }
  /** Its record makes no sense, as after a disk has failed. What it was is not known, but another may follow it. */
  | { readonly kind: 'damaged' };

/** A generation that can be written. */
export type NewGeneration = Exclude<Generation, { kind: 'damaged' }>;

/** A generation in its place in the sequence; the highest number is the object as it is now. */
export interface Slot {
  readonly number: number;
  readonly generation: Generation;
}

const SLOT_NAME = /^@([1-9][0-9]{0,14})\.json$/;
const READ_ATTEMPTS = 50;

/** Where the record of a generation lies. No object name contains an @, so records never meet the objects below. */
export const slotFile = (directory: string, number: number): string =>
  join(directory, `@${String(number)}.json`);

/** Where the content of a generation lies. */
export const contentFile = (directory: string, nonce: string): string =>
  join(directory, `@${nonce}.content`);

/** The file names of an object's directory; none when it has none. */
export async function filesOf(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.startsWith('@'));
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return [];
    throw error;
  }
}

/** The numbers of the generations among an object's files, oldest first. */
export const slotNumbers = (files: readonly string[]): readonly number[] =>
  files
    .map((name) => Number(SLOT_NAME.exec(name)?.[1] ?? 0))
    .filter((number) => number > 0)
    .sort((a, b) => a - b);

/** The newest generation of an object; undefined when it never was, or nothing is left of it. */
export async function newestSlot(directory: string): Promise<Slot | undefined> {
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    const number = slotNumbers(await filesOf(directory)).at(-1);
    if (number === undefined) return undefined;
    const generation = await readGeneration(directory, number);
    if (generation !== undefined) return { number, generation };
  }
  throw new Error('an object changed faster than it could be read');
}

/** The record of a generation; undefined when it was swept. */
export async function readGeneration(
  directory: string,
  number: number,
): Promise<Generation | undefined> {
  try {
    return generationFrom(await readFile(slotFile(directory, number), 'utf8'));
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined;
    throw new Error('reading the record of an object failed', { cause: error });
  }
}

/**
 * Makes a generation the successor of what the caller has seen: of a slot, or of nothing. Creating the record by link() is
 * the commit point, and only one process can create a number: the others find it taken. Lost means that what the caller
 * has seen, or its own content, has been swept away meanwhile.
 */
export async function succeed(
  directory: string,
  predecessor: Slot | undefined,
  generation: NewGeneration,
): Promise<'done' | 'taken' | 'lost'> {
  const number = (predecessor?.number ?? 0) + 1;
  const record = `@${generation.nonce}.record`;
  const text = JSON.stringify(generation);
  await writeDurably(await createIn(directory, record), [Buffer.from(text)]);
  const created = await nameOnce(join(directory, record), slotFile(directory, number));
  if (!created) return 'taken';
  if (await stillFollows(directory, predecessor, generation)) return 'done';
  await removeFile(slotFile(directory, number));
  return 'lost';
}

// A process that slept since it looked may find a number free because the sweep took a whole stretch of generations away.
// The sweep spares the newest one, though, so where ours is the newest it can only have taken what ours has replaced.
async function stillFollows(
  directory: string,
  predecessor: Slot | undefined,
  generation: NewGeneration,
): Promise<boolean> {
  const files = await filesOf(directory);
  const numbers = slotNumbers(files);
  const complete =
    generation.kind === 'deleted' || files.includes(basename(contentFile('', generation.nonce)));
  const follows =
    predecessor === undefined
      ? numbers.every((number, at) => number === at + 1)
      : numbers.includes(predecessor.number) || numbers.at(-1) === predecessor.number + 1;
  return complete && follows;
}

/** When a file was written, in ms since 1970; undefined when it is gone. */
export async function writtenAt(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function generationFrom(text: string): Generation {
  try {
    const stored: unknown = JSON.parse(text);
    return isGeneration(stored) ? stored : { kind: 'damaged' };
  } catch {
    return { kind: 'damaged' };
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

function isGeneration(stored: unknown): stored is NewGeneration {
  if (!isRecord(stored) || typeof stored['nonce'] !== 'string') return false;
  if (stored['kind'] === 'deleted') return true;
  const headers = stored['headers'];
  return (
    stored['kind'] === 'object' &&
    typeof stored['size'] === 'number' &&
    isRecord(headers) &&
    [headers['contentType'], headers['cacheControl'], headers['digest']].every(
      (value) => typeof value === 'string',
    )
  );
}
