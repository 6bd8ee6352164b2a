import { DAY, MINUTE } from '@keyserver/time';
import { type Dirent } from 'node:fs';
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failedWith, removeFile } from './durable-files.ts';
import {
  contentFile,
  filesOf,
  newestSlot,
  readGeneration,
  slotFile,
  slotNumbers,
  writtenAt,
} from './object-slots.ts';

/** How long a generation outlives its replacement, for readers that have just found it. */
const SUPERSEDED_LIFE = 10 * MINUTE;
/** How long a file that no generation names may still be the work of a living process. */
const ORPHAN_LIFE = DAY;

/** Removes the generations before a number at once: the object was deleted, and deleted means gone. */
export async function dropBefore(directory: string, number: number): Promise<void> {
  for (const old of slotNumbers(await filesOf(directory))) {
    if (old < number) await drop(directory, old);
  }
}

/** Removes what is no longer needed of one object: generations long replaced, leftovers of killed writers, old traces of a deletion. */
export async function sweepObject(directory: string, now: number): Promise<void> {
  await sweepSuperseded(directory, now);
  await sweepOrphans(directory, now);
  await sweepDeletion(directory, now);
}

/** Sweeps every object below a directory, and the directories that are left empty. */
export async function sweepBelow(directory: string, now: number): Promise<void> {
  for (const entry of await entriesOf(directory)) {
    if (entry.isDirectory()) await sweepBelow(join(directory, entry.name), now);
  }
  await sweepObject(directory, now);
  await removeEmpty(directory);
}

async function sweepSuperseded(directory: string, now: number): Promise<void> {
  const numbers = slotNumbers(await filesOf(directory));
  for (const [at, next] of numbers.entries()) {
    const old = numbers[at - 1];
    if (old === undefined) continue;
    const replaced = await writtenAt(slotFile(directory, next));
    // Oldest first and without gaps: a number below the oldest is then never free again.
    if (replaced === undefined || now - replaced < SUPERSEDED_LIFE) return;
    await drop(directory, old);
  }
}

async function sweepOrphans(directory: string, now: number): Promise<void> {
  const files = await filesOf(directory);
  const named = new Set<string>();
  for (const number of slotNumbers(files)) {
    const generation = await readGeneration(directory, number);
    named.add(slotFile(directory, number));
    if (generation !== undefined && generation.kind !== 'damaged')
      named.add(contentFile(directory, generation.nonce));
  }
  for (const file of files.map((name) => join(directory, name))) {
    const written = named.has(file) ? undefined : await writtenAt(file);
    if (written !== undefined && now - written >= ORPHAN_LIFE) await removeFile(file);
  }
}

async function sweepDeletion(directory: string, now: number): Promise<void> {
  const newest = await newestSlot(directory);
  if (newest?.generation.kind !== 'deleted') return;
  const deleted = await writtenAt(slotFile(directory, newest.number));
  const alone = (await filesOf(directory)).length === 1;
  if (!alone || deleted === undefined || now - deleted < ORPHAN_LIFE) return;
  await removeFile(slotFile(directory, newest.number));
}

/** The record goes first: a content without a record is an orphan, a record without its content would be a broken object. */
async function drop(directory: string, number: number): Promise<void> {
  const generation = await readGeneration(directory, number);
  await removeFile(slotFile(directory, number));
  if (generation !== undefined && generation.kind !== 'damaged')
    await removeFile(contentFile(directory, generation.nonce));
}

async function entriesOf(directory: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return [];
    throw error;
  }
}

async function removeEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    const kept = ['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EPERM'];
    if (!kept.some((code) => failedWith(error, code))) throw error;
  }
}
