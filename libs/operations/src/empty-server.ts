import type { DocumentStore } from '@keyserver/docstore';
import {
  ARCHIVE_MAX_AGE,
  type BlobHeaders,
  INDEX_MAX_AGE_SECONDS,
  type OpenBucket,
  type Signer,
  indexHeaders,
  indexName,
  renderIndex,
} from '@keyserver/export-file';
import {
  type ClosingWait,
  type ExportPlace,
  type Lifecycle,
  type LifecycleState,
  beginEmptying,
  closingWaits,
  deletedWith,
  emptyFrom,
  endEmptying,
  noteUnlisted,
  readAuditHead,
  readLifecycle,
  readStoreFormat,
  stateOf,
  staysWith,
} from '@keyserver/stores';
import type { Random } from '@keyserver/random';
import { MINUTE, type UnixMillis, unixMillis } from '@keyserver/time';
import { createHash } from 'node:crypto';
import { type Deletion, reportText, signDeletion } from './deletion-report.ts';
import { type Census, serverCensus, staysAt } from './server-census.ts';
import { signsFiles } from './signs-files.ts';

/** How long archives stay after every index was empty: an index may lie in a cache for 5 minutes, an archive for a day. */
const UNLISTED_FOR = ARCHIVE_MAX_AGE + 5 * MINUTE;

/** What emptying works with. */
export interface EmptyingDeps {
  readonly store: DocumentStore;
  readonly openBucket: OpenBucket;
  /** Finds what signs by the name of a key; undefined when it cannot sign. */
  readonly findSigner: (name: string) => Promise<Signer | undefined>;
  readonly actor: string;
  readonly random: Random;
}

/** How far emptying has come. */
export type Emptying =
  | { readonly kind: 'wrong state'; readonly state: LifecycleState }
  /** Something is to come out yet. */
  | { readonly kind: 'waits'; readonly waits: readonly ClosingWait[] }
  /** Everything is out; files stay until `from`, undefined where no job has seen that nothing waits. */
  | { readonly kind: 'files stay'; readonly from: UnixMillis | undefined }
  /** The clock of the store has not been plausible for long enough. */
  | { readonly kind: 'clock unsettled' }
  /** This key cannot sign, or signs files, or another one was named when the emptying began. */
  | { readonly kind: 'key'; readonly problem: 'cannot sign' | 'signs files' | 'other' }
  /** Nothing of people is in the store, indexes are empty; archives stay until `until`, for phones that know an older index. */
  | { readonly kind: 'archives stay'; readonly until: UnixMillis }
  /** Somebody still writes: so many documents or objects came back. */
  | { readonly kind: 'written again'; readonly documents: number; readonly objects: number }
  | { readonly kind: 'done'; readonly state: LifecycleState; readonly report: string };

/**
 * Empties a server that is closing, as far as it can by now, and is called again for the rest. Each step can be repeated: whoever is
 * killed in between goes on where it was. Nothing is deleted before the census is stored and the key has shown that it signs.
 */
export async function emptyServer(deps: EmptyingDeps, signingKey: string): Promise<Emptying> {
  const { store } = deps;
  const life = await readLifecycle(store);
  if (life?.state === 'closing') {
    const begun = await begin(deps, life, signingKey);
    return begun.kind === 'begun' ? await goOn(deps, begun.life, signingKey) : begun;
  }
  if (life?.state === 'emptying') return await goOn(deps, life, signingKey);
  if (life?.report !== undefined) return { kind: 'done', state: life.state, report: life.report };
  return { kind: 'wrong state', state: stateOf(life) };
}

async function begin(
  deps: EmptyingDeps,
  life: Lifecycle,
  signingKey: string,
): Promise<Emptying | { readonly kind: 'begun'; readonly life: Lifecycle }> {
  const { store, openBucket } = deps;
  const waits = await closingWaits(store, life);
  if (waits.length > 0) return { kind: 'waits', waits };
  const certain = await store.certainTime();
  if (certain === undefined) return { kind: 'clock unsettled' };
  const from = emptyFrom(life);
  if (from === undefined || from > certain) return { kind: 'files stay', from };
  if (await signsFiles(store, signingKey)) return { kind: 'key', problem: 'signs files' };
  if ((await deps.findSigner(signingKey)) === undefined)
    return { kind: 'key', problem: 'cannot sign' };
  const census = JSON.stringify(await serverCensus(store, openBucket, life.goal));
  const outcome = await beginEmptying(store, { certain, census, signingKey }, deps);
  return outcome.kind === 'changed'
    ? { kind: 'begun', life: outcome.life }
    : { kind: 'wrong state', state: outcome.state };
}

async function goOn(deps: EmptyingDeps, life: Lifecycle, signingKey: string): Promise<Emptying> {
  const { store } = deps;
  if (life.signingKey !== signingKey) return { kind: 'key', problem: 'other' };
  const signer = await deps.findSigner(signingKey);
  if (signer === undefined) return { kind: 'key', problem: 'cannot sign' };
  const census = censusOf(life);
  const unlistedAt = await noteUnlisted(store, await emptyIndexes(deps, census.places));
  await deleteDocuments(store, life);
  const certain = await store.certainTime();
  if (certain === undefined) return { kind: 'clock unsettled' };
  const until = unixMillis((unlistedAt ?? (await store.now())) + UNLISTED_FOR);
  if (until > certain) return { kind: 'archives stay', until };
  await deleteArchives(deps, census.places);
  const left = await leftOf(deps, life, census);
  if (left.documents + left.objects > 0) return { kind: 'written again', ...left };
  const report = reportText(
    await signDeletion(await deletionOf(store, life, { census, left }), signer),
  );
  const ended = await endEmptying(store, report, deps);
  return ended.kind === 'changed'
    ? { kind: 'done', state: ended.life.state, report: ended.life.report ?? report }
    : { kind: 'wrong state', state: ended.state };
}

function censusOf({ census }: Lifecycle): Census {
  if (census === undefined) throw new Error('a server that is emptied has no census');
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- written by `begin` alone, in one step with the state
  return JSON.parse(census) as Census;
}

/** Empties every index; whether all of them were empty already. A job that was under way may have written one again. */
async function emptyIndexes(
  { openBucket }: EmptyingDeps,
  places: readonly ExportPlace[],
): Promise<boolean> {
  let wereEmpty = true;
  const content = renderIndex([]);
  const digest = createHash('sha256').update(content).digest('hex');
  for (const { bucket, filenameRoot } of places) {
    const name = indexName(filenameRoot);
    const present = await openBucket(bucket).find(name);
    if (present?.size === 0) continue;
    wereEmpty = false;
    // Whoever has just written another one is met by the next call, which finds it not empty.
    const expected = present?.generation ?? 'absent';
    await openBucket(bucket).put(name, once(content), {
      headers: { ...servedAs(present), digest },
      expected,
    });
  }
  return wereEmpty;
}

/** As the index was served, which is a setting of the export service. */
const servedAs = (present: BlobHeaders | undefined): Omit<BlobHeaders, 'digest'> => {
  if (present === undefined) return indexHeaders(INDEX_MAX_AGE_SECONDS.default);
  const { contentType, cacheControl } = present;
  return { contentType, cacheControl };
};

// eslint-disable-next-line @typescript-eslint/require-await -- the port takes a stream
async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

async function deleteDocuments(store: DocumentStore, { goal }: Lifecycle): Promise<void> {
  for (const one of deletedWith(goal)) await store.deleteAll(one, {});
}

async function deleteArchives(
  { openBucket }: EmptyingDeps,
  places: readonly ExportPlace[],
): Promise<void> {
  for (const place of places) {
    const bucket = openBucket(place.bucket);
    for await (const { name } of bucket.list(`${place.filenameRoot}/`))
      if (!staysAt(place, name)) await bucket.delete(name);
  }
}

async function leftOf(
  { store, openBucket }: EmptyingDeps,
  { goal }: Lifecycle,
  { places }: Census,
): Promise<Deletion['left']> {
  let [documents, objects] = [0, 0];
  for (const one of deletedWith(goal))
    for await (const page of store.pages(one, { limit: 1 })) documents += page.length;
  for (const place of places)
    for await (const { name } of openBucket(place.bucket).list(`${place.filenameRoot}/`))
      if (!staysAt(place, name)) objects += 1;
  return { documents, objects };
}

async function deletionOf(
  store: DocumentStore,
  life: Lifecycle,
  { census, left }: { readonly census: Census; readonly left: Deletion['left'] },
): Promise<Deletion> {
  const head = await readAuditHead(store);
  const format = await readStoreFormat(store);
  return {
    storeId: format?.storeId ?? '',
    goal: life.goal,
    uploadsUntil: life.closesAt,
    drainedAt: life.drainedAt ?? 0,
    emptiedFrom: life.since,
    deletedAt: await store.now(),
    deleted: census,
    left,
    stays: staysWith(life.goal),
    audit: { sequence: head?.sequence ?? 0, hash: head?.hash ?? '' },
  };
}
