import type { WireKey } from './decode.ts';
import { readExport } from './read-export.ts';
import { Findings } from './violation.ts';

/** The keys that an archive lists. */
export interface ListedKeys {
  readonly keys: readonly WireKey[];
  readonly revisedKeys: readonly WireKey[];
}

/** The keys of an archive as a phone would match them, unjudged; undefined when it cannot be read. */
export async function readKeys(zip: Uint8Array): Promise<ListedKeys | undefined> {
  const { contents } = await readExport(zip, new Findings());
  return contents && { keys: contents.keys, revisedKeys: contents.revisedKeys };
}
