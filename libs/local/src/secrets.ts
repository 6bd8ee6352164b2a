import type { Random } from '@keyserver/random';
import { join } from 'node:path';
import { privateFile } from './private-files.ts';

const LENGTH = 32;

/** The secret that keys are looked up by: drawn once for a data directory, then the same for every process and for ever. */
export async function keyHashSecret(directory: string, random: Random): Promise<Uint8Array> {
  const file = join(directory, 'key-hash.secret');
  const secret = await privateFile(file, () => Promise.resolve(random.bytes(LENGTH)), random);
  if (secret.length !== LENGTH)
    throw new Error('key-hash.secret is damaged: it must have exactly 32 bytes');
  return secret;
}
