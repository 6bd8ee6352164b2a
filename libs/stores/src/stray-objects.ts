import { createHash } from 'node:crypto';
import { type DocumentStore, collection, int, text } from '@keyserver/docstore';
import { DAY, type UnixMillis, unixMillis } from '@keyserver/time';

/** Objects that no record knows, since they were first seen: what is deleted was reported by an earlier run. */
export const strayObjects = collection({
  name: 'strayObjects',
  fields: { bucket: text(), name: text(), generation: text(), since: int(), expireAt: int() },
  indexes: [['bucket']],
  expiry: 'expireAt',
});

/** An object of a bucket, as it lies there. */
export interface SeenObject {
  readonly name: string;
  readonly generation: string;
}

/** What earlier runs have seen of a bucket's objects that no record knows. */
export interface StrayRecords {
  /** When each of these was first seen in this content; those that are new are recorded as seen now. */
  readonly note: (
    bucket: string,
    objects: readonly SeenObject[],
  ) => Promise<ReadonlyMap<string, UnixMillis>>;
}

/** Writes in one transaction. */
const AT_ONCE = 200;

/** A record that is not renewed goes by itself: the run that renews them is the one that looks. */
const KEPT = 30 * DAY;

/** The records of stray objects over a document store. */
export function strayRecords(store: DocumentStore): StrayRecords {
  return {
    async note(bucket, objects) {
      const now = await store.now();
      const known = await recordsOf(store, bucket);
      const since = new Map<string, UnixMillis>();
      const changes: { id: string; object: SeenObject | undefined }[] = [];
      for (const object of objects) {
        const id = idOf(bucket, object.name);
        const before = known.get(id);
        known.delete(id);
        const isSame = before?.generation === object.generation && before.since <= now;
        since.set(object.name, isSame ? unixMillis(before.since) : now);
        if (!isSame) changes.push({ id, object });
      }
      // What is gone, or known by now, is forgotten: should it come back, it is reported anew.
      for (const id of known.keys()) changes.push({ id, object: undefined });
      for (let at = 0; at < changes.length; at += AT_ONCE)
        await store.transact(async (tx) => {
          await Promise.resolve();
          for (const { id, object } of changes.slice(at, at + AT_ONCE))
            if (object === undefined) tx.delete(strayObjects, id);
            else
              tx.set(strayObjects, id, {
                ...{ bucket, name: object.name, generation: object.generation },
                ...{ since: now, expireAt: now + KEPT },
              });
        });
      return since;
    },
  };
}

async function recordsOf(
  store: DocumentStore,
  bucket: string,
): Promise<Map<string, { readonly generation: string; readonly since: number }>> {
  const known = new Map<string, { readonly generation: string; readonly since: number }>();
  for await (const page of store.pages(strayObjects, { where: { bucket } }))
    for (const { id, value } of page) known.set(id, value);
  return known;
}

/** A name has up to 1,024 bytes and slashes, which an id cannot have. */
const idOf = (bucket: string, name: string): string =>
  createHash('sha256').update(`${bucket}/${name}`).digest('hex');
