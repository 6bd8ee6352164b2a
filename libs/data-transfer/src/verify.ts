import type { Collection, DocumentStore } from '@keyserver/docstore';
import { movedCollections, readStoreFormat, storeFormat } from '@keyserver/stores';
import { HOUR } from '@keyserver/time';
import type { BucketNames, Comparison, HearRead } from './collection-file.ts';
import { type Manifest, type MovedFormat, movedFormatOf } from './manifest.ts';
import { openExport } from './open-export.ts';
import { type Tally, TallyBuilder, isLiveAt, payloadOf } from './record.ts';
import { type Refused, refusing } from './unusable-export.ts';

/** Whether a store holds what an export does. */
type VerifyOutcome =
  | { readonly kind: 'equal'; readonly manifest: Manifest }
  | {
      readonly kind: 'differs';
      readonly manifest: Manifest;
      readonly differences: readonly Difference[];
    }
  | Refused;

interface VerifyRequest {
  readonly directory: string;
  readonly buckets?: BucketNames;
  readonly read?: HearRead;
}

/** Compares a store with an export: counts and digests of each collection, but for what is about to expire. */
export const verifyData = async (
  store: DocumentStore,
  { directory, buckets = new Map(), read }: VerifyRequest,
): Promise<VerifyOutcome> =>
  await refusing(async (): Promise<VerifyOutcome> => {
    const liveAt = comparedAfter(await store.now());
    const { manifest, live } = await openExport(directory, { liveAt, buckets, read });
    const differences = [
      ...(await differencesFrom(live, store, { liveAt, read })),
      ...(await formatDifference(manifest.storeFormat, store)),
    ];
    return differences.length === 0
      ? { kind: 'equal', manifest }
      : { kind: 'differs', manifest, differences };
  });

/** How many documents are read at once: a page of the largest documents must fit into memory. */
export const PAGE = 200;

/** A collection that is not the same in a store and in an export. */
export interface Difference {
  readonly collection: string;
  readonly exported: Tally;
  readonly stored: Tally;
}

/** Documents that expire before then are not compared: they may vanish by themselves while others are still read. */
export const comparedAfter = (now: number): number => now + HOUR;

/** From when on documents that expire are compared, and who hears how many were read. */
type StoreReading = Pick<Comparison, 'liveAt' | 'read'>;

const NOTHING = new TallyBuilder().tally();

/** Reads a whole store and names every collection in which it differs from the live documents of an export. */
export async function differencesFrom(
  exported: ReadonlyMap<string, Tally>,
  store: DocumentStore,
  as: StoreReading,
): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  for (const collection of movedCollections) {
    const expected = exported.get(collection.layout.name) ?? NOTHING;
    const stored = await tallyOf(store, collection, as);
    if (stored.digest !== expected.digest || stored.documents !== expected.documents)
      differences.push({ collection: collection.layout.name, exported: expected, stored });
  }
  return differences;
}

async function tallyOf<D extends object>(
  store: DocumentStore,
  collection: Collection<D>,
  { liveAt, read }: StoreReading,
): Promise<Tally> {
  const builder = new TallyBuilder();
  let documents = 0;
  for await (const page of store.pages(collection, {}, PAGE)) {
    for (const found of page)
      if (isLiveAt(collection, found.value, liveAt)) builder.add(payloadOf(collection, found));
    read?.(collection.layout.name, (documents += page.length));
  }
  return builder.tally();
}

/** The difference between the format of a store and that of an export, if any. What the export leaves out is not compared. */
export async function formatDifference(
  moved: MovedFormat | undefined,
  store: DocumentStore,
): Promise<readonly Difference[]> {
  if (moved === undefined) return [];
  const format = await readStoreFormat(store);
  const exported = tallyOfFormat(moved, moved);
  const stored = format === undefined ? NOTHING : tallyOfFormat(movedFormatOf(format), moved);
  return stored.digest === exported.digest
    ? []
    : [{ collection: storeFormat.layout.name, exported, stored }];
}

/** The tally of a format as if it were one document, with only the members that `like` has. */
function tallyOfFormat(format: MovedFormat, like: MovedFormat): Tally {
  const members = Object.entries(movedFormatOf(format)).filter(([name]) =>
    Object.hasOwn(like, name),
  );
  const builder = new TallyBuilder();
  builder.add(Buffer.from(JSON.stringify(members)));
  return builder.tally();
}
