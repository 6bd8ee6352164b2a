import type { StorePart } from '@keyserver/docstore';
import { type Random, randomId } from '@keyserver/random';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createIn, removeFile, syncDirectory, writeDurably } from './durable-files.ts';
import { PLACES } from './first-start.ts';
import { readPrivateFile } from './private-files.ts';

/** The directory of keys as a part of the store: the file `store-id` in it says whose it is. */
export function keysPart(dataDirectory: string, random: Random): StorePart {
  const file = join(dataDirectory, PLACES.storeId);
  return {
    name: 'keys',
    described: `The directory ${join(dataDirectory, PLACES.keys)}`,
    readId: async () => (await readPrivateFile(file))?.toString('latin1').trim(),
    writeId: async (id) => {
      await replaceFile(file, Buffer.from(`${id}\n`), random);
      // The last part has its id: from now on every one of them must be there.
      await removeFile(join(dataDirectory, PLACES.firstStart));
    },
  };
}

async function replaceFile(file: string, content: Uint8Array, random: Random): Promise<void> {
  const temporary = `.${randomId(random)}.new`;
  await writeDurably(await createIn(dirname(file), temporary, 0o600), [content]);
  await rename(join(dirname(file), temporary), file);
  await syncDirectory(dirname(file));
}
