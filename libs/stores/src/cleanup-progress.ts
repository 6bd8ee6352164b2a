import { type DocumentStore, collection, int, ints, text } from '@keyserver/docstore';
import type { UnixMillis } from '@keyserver/time';

/** How far the deletion of keys has come, one document: of each shard the first window that may hold any. */
export const cleanupProgress = collection({
  name: 'cleanupProgress',
  fields: { positions: ints() },
});

/** What is wrong in the eyes of the cleanup jobs, by what it is; kept for health, whichever process is asked. */
export const cleanupFindings = collection({
  name: 'cleanupFindings',
  fields: { sentence: text(), since: int() },
});

/** What a run of a cleanup job may find: the word is the problem that health tells. */
export type Finding =
  | 'keys_held'
  | 'still_listed'
  | 'archive_missing'
  | 'objects_unknown'
  | 'records_missing'
  | 'deletion_waits';

/** What a run has found of each thing that it has looked for: a sentence for the operator, or nothing. */
export type Findings = Partial<Readonly<Record<Finding, string | undefined>>>;

/** Keeps what a run has found; what it has looked for and not found is forgotten, and the rest stays. */
export async function keepFindings(store: DocumentStore, found: Findings): Promise<void> {
  const looked = Object.entries(found);
  await store.transact(async (tx) => {
    const before = await tx.get(
      cleanupFindings,
      looked.map(([finding]) => finding),
    );
    for (const [n, [finding, sentence]] of looked.entries()) {
      const known = before[n];
      // A time that has not come was told by a wrong clock.
      const since = Math.min(known?.since ?? tx.now, tx.now);
      if (known?.sentence === sentence && since === (known?.since ?? since)) continue;
      if (sentence === undefined) tx.delete(cleanupFindings, finding);
      else tx.set(cleanupFindings, finding, { sentence, since });
    }
  });
}

/** What earlier runs have found and no later one has found mended: its sentence, by what it is; from before a time if one is given. */
export async function readFindings(
  store: Pick<DocumentStore, 'get'>,
  of: readonly Finding[],
  before = Infinity,
): Promise<readonly (readonly [Finding, string])[]> {
  const stored = await store.get(cleanupFindings, of);
  return of.flatMap((finding, n) => {
    const found = stored[n];
    return found === undefined || found.since >= before ? [] : [[finding, found.sentence] as const];
  });
}

/** The id of the one document of `cleanupProgress`. */
const KEYS = 'keys';

/**
 * Where the deletion of keys goes on, for each of `shards`: never past `until`. A position past it was saved while store time, or
 * the retention, was another: it says nothing, as none does that was never saved, and everything is looked at again.
 */
export async function readPositions(
  store: Pick<DocumentStore, 'get'>,
  { shards, until }: { readonly shards: number; readonly until: UnixMillis },
): Promise<readonly number[]> {
  const [stored] = await store.get(cleanupProgress, [KEYS]);
  return Array.from({ length: shards }, (_, shard) => {
    const position = stored?.positions[shard] ?? 0;
    return position <= until ? position : 0;
  });
}

/** Saves where the deletion of keys goes on. */
export async function savePositions(
  store: DocumentStore,
  positions: readonly number[],
): Promise<void> {
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(cleanupProgress, KEYS, { positions });
  });
}
