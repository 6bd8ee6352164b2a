import {
  type Collection,
  type DocumentStore,
  MAX_CONTAINS_ANY,
  collection,
  int,
} from '@keyserver/docstore';
import { type Random, randomId } from '@keyserver/random';
import { HOUR } from '@keyserver/time';
import { authorizedApps, exportConfigs, healthAuthorities, signingKeys } from './configuration.ts';
import { exportBatches, exportProgress } from './export-batch-document.ts';
import { SHARDS, keyBatches } from './key-batch-document.ts';
import { leases } from './lease-store.ts';

/** Asks the store something that a service lives by; a fault says what is wrong. */
export type StoreProbe = () => Promise<void>;

/** What services write to see whether they can. Nobody reads it. */
export const healthProbes = collection({
  name: 'healthProbes',
  fields: { at: int(), expireAt: int() },
  expiry: 'expireAt',
});

/** A hash as long as those of keys, which no key need have. */
const ANY_HASH = 2 ** 48 - 1;

/**
 * Reads what publish reads, by the same indexes: stored keys of a random shard, the same keys by their hashes, and the
 * configuration. Keys that could not be found are asked for again until they can be: a damage that most questions miss would
 * otherwise come and go.
 */
export function probeUploads(store: DocumentStore, random: Random): StoreProbe {
  let doubtful: readonly number[] | undefined;
  return async () => {
    const hashes = doubtful ?? (await someHashes(store, random));
    doubtful = hashes;
    await drain(store, keyBatches, { containsAny: { field: 'keyHashes', values: hashes } });
    doubtful = undefined;
    await Promise.all([
      drain(store, authorizedApps, { limit: 1 }),
      drain(store, healthAuthorities, { limit: 1 }),
    ]);
  };
}

/** Reads what export reads, by the same indexes. */
export function probeExports(store: DocumentStore, random: Random): StoreProbe {
  return async () => {
    await Promise.all([
      someHashes(store, random),
      drain(store, exportBatches, { where: { state: 'open' }, order: { by: 'end' }, limit: 1 }),
      drain(store, exportBatches, {
        where: { config: '', state: 'stored' },
        order: { by: 'end' },
        limit: 1,
      }),
      drain(store, exportProgress, { limit: 1 }),
      drain(store, leases, { limit: 1 }),
      drain(store, exportConfigs, { limit: 1 }),
      drain(store, signingKeys, { limit: 1 }),
    ]);
  };
}

/** Writes a document of its own, as every service must be able to. */
export function probeWriting(store: DocumentStore, random: Random): StoreProbe {
  const id = randomId(random);
  return async () => {
    await store.transact(async (tx) => {
      await tx.get(healthProbes, [id]); // a transaction knows the time only after it has read
      tx.set(healthProbes, id, { at: tx.now, expireAt: tx.now + HOUR });
    });
  };
}

/** The hashes of the keys that one document of a random shard holds. */
async function someHashes(store: DocumentStore, random: Random): Promise<readonly number[]> {
  const where = { shard: random.below(SHARDS) };
  const query = { where, order: { by: 'window' }, limit: 1 } as const;
  for await (const page of store.pages(keyBatches, query))
    for (const { value } of page) return value.keyHashes.slice(0, MAX_CONTAINS_ANY);
  return [ANY_HASH];
}

async function drain<D>(
  store: DocumentStore,
  from: Collection<D>,
  query: Parameters<typeof store.pages<D>>[1],
): Promise<void> {
  for await (const page of store.pages(from, query)) if (page.length === 0) return;
}
