import type { Random } from '@keyserver/random';
import { join } from 'node:path';
import { HOW_TO_RESTORE, type DirectoryState } from './first-start.ts';
import { privateFile, readPrivateFile } from './private-files.ts';
import { DataDirectoryFault } from './unusable-data-directory.ts';

const LENGTH = 32;

/**
 * The secret that keys are looked up by: drawn at the first start of a data directory, then the same for every process and
 * for ever. Over a store that has one it is never drawn again, since under another one no stored key would be found, and
 * phones could publish each of them once more.
 */
export async function keyHashSecret(
  directory: string,
  of: { readonly state: DirectoryState; readonly random: Random },
): Promise<Uint8Array> {
  const file = join(directory, 'key-hash.secret');
  const secret =
    of.state === 'first_start'
      ? await privateFile(file, () => Promise.resolve(of.random.bytes(LENGTH)), of.random)
      : await readPrivateFile(file);
  if (secret === undefined)
    throw new DataDirectoryFault(
      `The key-hash secret is gone: ${file} is missing, and without it no stored key is found again; ${HOW_TO_RESTORE}.`,
    );
  if (secret.length !== LENGTH)
    throw new DataDirectoryFault(
      `The key-hash secret is damaged: ${file} must have exactly ${LENGTH} bytes; ${HOW_TO_RESTORE}.`,
    );
  return secret;
}
