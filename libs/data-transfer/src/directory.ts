import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Random, randomId } from '@keyserver/random';
import { FORMAT, type Manifest, parseManifest, renderManifest } from './manifest.ts';
import { DataExportFault, explainFileError } from './unusable-export.ts';

const MANIFEST = 'manifest.json';
const UNFINISHED = 'unfinished.json';
const RECORDS = '.records';

/** The file of a collection in the directory of an export. */
export const recordsFile = (directory: string, collection: string): string =>
  join(directory, `${collection}${RECORDS}`);

/**
 * Begins an export in a directory of its own, or goes on with the one that was begun there from the same source; gives
 * its id. The files hold unpublished keys, so they are their owner's alone.
 */
export async function beginExport(
  directory: string,
  { source, random }: { readonly source: string; readonly random: Random },
): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch(explainFileError(directory));
  const present = await readdir(directory).catch(explainFileError(directory));
  await refuseShared(directory);
  if (present.includes(MANIFEST))
    throw new DataExportFault(`${directory} holds a finished export; choose another directory`);
  if (present.includes(UNFINISHED)) return await begunExport(directory, source);
  if (present.some((name) => name !== `${UNFINISHED}.new`))
    throw new DataExportFault(`${directory} is not empty; choose another directory`);
  const exportId = randomId(random);
  await writeWhole(directory, UNFINISHED, JSON.stringify({ ...FORMAT, exportId, source }));
  return exportId;
}

const OTHERS_WRITE = 0o022;

/** Whoever can change the directory can put a link in the place of a file, and have the keys written where they can be read. */
async function refuseShared(directory: string): Promise<void> {
  if (process.platform === 'win32') return; // no such modes: the directory's access list decides
  const { mode } = await stat(directory);
  if ((mode & OTHERS_WRITE) !== 0)
    throw new DataExportFault(`${directory} can be changed by others; run chmod 700 on it`);
}

async function begunExport(directory: string, source: string): Promise<string> {
  const path = join(directory, UNFINISHED);
  const text = await readFile(path, 'utf8').catch(explainFileError(path));
  const [, exportId = ''] = /"exportId":"(\w+)"/.exec(text) ?? [];
  if (text === JSON.stringify({ ...FORMAT, exportId, source })) return exportId;
  throw new DataExportFault(
    `${directory} holds an unfinished export of something else; choose another directory, or delete it`,
  );
}

/** Ends an export: from now on it can be imported, and is never written again. */
export async function finishExport(directory: string, manifest: Manifest): Promise<void> {
  await writeWhole(directory, MANIFEST, renderManifest(manifest));
  await rm(join(directory, UNFINISHED), { force: true });
}

/** Takes back what was begun, so that the next run starts afresh. */
export async function discardExport(directory: string): Promise<void> {
  const present = await readdir(directory);
  for (const name of present.filter((one) => one.endsWith(RECORDS)))
    await rm(join(directory, name));
  await rm(join(directory, UNFINISHED));
}

/** The manifest of a finished export. */
export async function readManifest(directory: string): Promise<Manifest> {
  const present = await readdir(directory).catch(explainFileError(directory));
  if (!present.includes(MANIFEST))
    throw new DataExportFault(
      present.includes(UNFINISHED)
        ? `${directory} holds an unfinished export; run the export again to finish it`
        : `${directory} holds no export`,
    );
  const manifest = parseManifest(await readFile(join(directory, MANIFEST), 'utf8'));
  if (manifest !== undefined) return manifest;
  throw new DataExportFault(
    `${join(directory, MANIFEST)} was changed, or was written by another version of this program`,
  );
}

/** Writes a file of which nobody ever sees a part, and which survives a power failure. */
async function writeWhole(directory: string, name: string, text: string): Promise<void> {
  const temporary = join(directory, `${name}.new`);
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(directory, name));
  await syncDirectory(directory);
}

/** Makes the entries of a directory survive a power failure. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows has no such call and needs none
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
