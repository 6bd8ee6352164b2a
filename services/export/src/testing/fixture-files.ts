import type { DocumentStore } from '@keyserver/docstore';
import {
  type ExportBatch,
  type OpenBucket,
  parseVerificationKeys,
  verifyExport,
} from '@keyserver/export-file';
import { batchOf, exportBatches } from '@keyserver/stores';
import type { Clock } from '@keyserver/time';
import { keysIn } from './archive-keys.ts';

/** What a fixture has published, and recorded of it. */
export interface FixtureFiles {
  /** Names in the index of an export; undefined when there is no index. */
  index(root?: string, bucket?: string): Promise<readonly string[] | undefined>;
  object(name: string, bucket?: string): Promise<Uint8Array>;
  /** The keys that all files of an index list, and that every file is as phones want it. */
  download(root?: string, bucket?: string): Promise<readonly string[]>;
  batches(configId?: string): Promise<readonly ExportBatch[]>;
}

/** Reads what was published. */
export function filesOf(store: DocumentStore, openBucket: OpenBucket, clock: Clock): FixtureFiles {
  async function index(root = 'us', bucket = 'exports'): Promise<readonly string[] | undefined> {
    const found = await openBucket(bucket).read(`${root}/index.txt`);
    if (found === undefined) return undefined;
    const text = Buffer.from(found.content).toString();
    return text === '' ? [] : text.split('\n');
  }

  async function object(name: string, bucket = 'exports'): Promise<Uint8Array> {
    const found = await openBucket(bucket).read(name);
    return found?.content ?? fail(`${name} is missing`);
  }

  async function download(root = 'us', bucket = 'exports'): Promise<readonly string[]> {
    const listed = await object(`${root}/keys.json`, bucket);
    const known = parseVerificationKeys(listed) ?? fail('the keys document is broken');
    const all: string[] = [];
    for (const name of (await index(root, bucket)) ?? fail('there is no index')) {
      const zip = await object(name, bucket);
      const { violations } = await verifyExport(zip, { keys: known, now: clock.now() });
      if (violations.length > 0) fail(`${name}: ${JSON.stringify(violations)}`);
      all.push(...keysIn(zip));
    }
    return all;
  }

  return {
    ...{ index, object, download },
    batches: async (configId) => await storedBatches(store, configId),
  };
}

async function storedBatches(store: DocumentStore, configId?: string): Promise<ExportBatch[]> {
  const found: ExportBatch[] = [];
  for await (const page of store.pages(exportBatches, {}))
    for (const { id, value } of page) found.push(batchOf(id, value));
  return found
    .filter(({ config }) => configId === undefined || config.id === configId)
    .sort((a, b) => a.end - b.end || b.start - a.start);
}

/** Ends a test: its fixture is not as it must be. */
export function fail(why: string): never {
  throw new Error(why);
}
