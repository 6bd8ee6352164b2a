import type { DocumentStore } from '@keyserver/docstore';
import { SECOND, floorTo } from '@keyserver/time';
import { exportProgress } from './export-batch-document.ts';
import {
  type KeyBatchDocument,
  SHARDS,
  isFoundBy,
  keyBatches,
  keyHasher,
} from './key-batch-document.ts';
import type { Comparison } from './compare-format.ts';

/** So many documents of each shard are looked at: all of a small store, and enough of a large one to tell. */
const PER_SHARD = 8;

/**
 * Why the documents of a store cannot have been written with what is known, as a sentence for the operator; undefined when
 * they can. A store that does not say its format may have been written before there was one, so its silence proves nothing.
 */
export async function contradictionIn(
  store: DocumentStore,
  known: Comparison,
): Promise<string | undefined> {
  const sample = await sampleOf(store);
  return (
    secretContradiction(sample, known) ??
    windowContradiction(sample, known) ??
    (await coverageContradiction(store, known))
  );
}

async function sampleOf(store: DocumentStore): Promise<readonly KeyBatchDocument[]> {
  const found: KeyBatchDocument[] = [];
  for (let shard = 0; shard < SHARDS; shard++) {
    const query = { where: { shard }, order: { by: 'window' }, limit: PER_SHARD } as const;
    for await (const page of store.pages(keyBatches, query))
      found.push(...page.map(({ value }) => value));
  }
  return found;
}

function secretContradiction(
  sample: readonly KeyBatchDocument[],
  { place, keyHashSecret }: Comparison,
): string | undefined {
  if (keyHashSecret === undefined) return undefined;
  const hashKey = keyHasher(keyHashSecret);
  return sample.every((stored) => isFoundBy(stored, hashKey))
    ? undefined
    : `the key-hash secret does not find the keys in ${place}: put back the one that they were stored with (KEY_HASH_SECRET, or keys/key-hash.secret in the data directory)`;
}

function windowContradiction(
  sample: readonly KeyBatchDocument[],
  { place, window: length }: Comparison,
): string | undefined {
  if (length === undefined || sample.every(({ window }) => window % length === 0)) return undefined;
  return `TRUNCATE_WINDOW_SECONDS is ${length / SECOND}, but keys in ${place} lie in windows that are no multiples of it: set it to what it was when they were stored`;
}

/** An upload of this moment would get a window that an export has passed already, so that no file would ever hold its keys. */
async function coverageContradiction(
  store: DocumentStore,
  { place, window: length, now }: Comparison,
): Promise<string | undefined> {
  if (length === undefined) return undefined;
  for await (const page of store.pages(exportProgress, {}))
    for (const { value } of page)
      if (value.coveredUntil <= now && value.coveredUntil > floorTo(now, length))
        return `TRUNCATE_WINDOW_SECONDS is ${length / SECOND}, but an export of the data in ${place} ends within the present window of that length: set it to what it was when the export was made`;
  return undefined;
}
