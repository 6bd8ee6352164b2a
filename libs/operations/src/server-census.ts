import { createHash } from 'node:crypto';
import type { DocumentStore } from '@keyserver/docstore';
import { type OpenBucket, indexName, verificationKeysName } from '@keyserver/export-file';
import { RECORD_BYTES } from '@keyserver/exposure-keys';
import {
  type ExportPlace,
  type LifecycleGoal,
  deletedWith,
  exportBatches,
  exportPlaces,
  keyBatches,
} from '@keyserver/stores';

/** What was there just before a server was emptied; what a report tells of, and what says where files are to be deleted. */
export interface Census {
  readonly collections: readonly { readonly name: string; readonly documents: number }[];
  /** Stored keys, generated ones among them, and their oldest and newest release window, in ms since 1970; absent without any. */
  readonly keys: { readonly count: number; readonly oldest?: number; readonly newest?: number };
  readonly places: readonly PlaceCensus[];
}

/** The files of an export at one place. */
export interface PlaceCensus extends ExportPlace {
  /** Objects to be deleted: all below the root but the index and the keys that files are checked with. */
  readonly objects: number;
  /** Of the archives that are recorded: how many, when the first began and the last ended (ms since 1970), and SHA-256 over the sorted lines `name digest`. */
  readonly archives: number;
  readonly from?: number;
  readonly until?: number;
  readonly digest: string;
}

/** Whether an object stays at the place of an export: its index, which will be empty, and the verification keys. */
export const staysAt = ({ filenameRoot }: ExportPlace, name: string): boolean =>
  name === indexName(filenameRoot) || name === verificationKeysName(filenameRoot);

/** Counts what a server has that is to be deleted. It reads every document, so on Firestore it costs a read for each. */
export async function serverCensus(
  store: DocumentStore,
  openBucket: OpenBucket,
  goal: LifecycleGoal,
): Promise<Census> {
  const collections: Census['collections'][number][] = [];
  for (const one of deletedWith(goal)) {
    let documents = 0;
    for await (const page of store.pages(one, {})) documents += page.length;
    collections.push({ name: one.layout.name, documents });
  }
  const places: PlaceCensus[] = [];
  for (const place of await exportPlaces(store))
    places.push(await placeCensus(store, openBucket, place));
  return { collections, keys: await keysOf(store), places };
}

async function keysOf(store: DocumentStore): Promise<Census['keys']> {
  let count = 0;
  let [oldest, newest] = [Infinity, -Infinity];
  for await (const page of store.pages(keyBatches, {}))
    for (const { value } of page) {
      count += value.records.byteLength / RECORD_BYTES;
      oldest = Math.min(oldest, value.window);
      newest = Math.max(newest, value.window);
    }
  return count === 0 ? { count } : { count, oldest, newest };
}

async function placeCensus(
  store: DocumentStore,
  openBucket: OpenBucket,
  place: ExportPlace,
): Promise<PlaceCensus> {
  const { id, bucket, filenameRoot } = place;
  let objects = 0;
  for await (const { name } of openBucket(bucket).list(`${filenameRoot}/`))
    if (!staysAt(place, name)) objects += 1;
  const lines: string[] = [];
  let [from, until] = [Infinity, -Infinity];
  for await (const page of store.pages(exportBatches, {}))
    for (const { value } of page) {
      const { settings, files, start, end } = value;
      const isHere = settings.bucket === bucket && settings.filenameRoot === filenameRoot;
      if (value.config !== id || !isHere || files.length === 0) continue;
      lines.push(...files.map(({ name, digest }) => `${name} ${digest}\n`));
      [from, until] = [Math.min(from, start), Math.max(until, end)];
    }
  const digest = createHash('sha256').update(lines.sort().join('')).digest('hex');
  const span = lines.length === 0 ? {} : { from, until };
  return { id, bucket, filenameRoot, objects, archives: lines.length, ...span, digest };
}
