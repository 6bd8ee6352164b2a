import type { Collection, DocumentStore } from '@keyserver/docstore';
import { movedCollections, readStoreFormat, storeFormat } from '@keyserver/stores';
import { HOUR } from '@keyserver/time';
import { payloadOf } from './data-record.ts';
import { type Tally, TallyKeeper, isLiveAt } from './data-tally.ts';
import { type MovedFormat, movedFormatOf } from './moved-format.ts';

/** Documents of one read of a store. A page of the largest documents must fit into memory. */
export const PAGE = 200;

/** A collection of which a store does not hold what an export does; of its format, what moves. */
export interface Difference {
  readonly collection: string;
  readonly exported: Tally;
  readonly stored: Tally;
}

/** Documents that expire before then are not compared: they may vanish by themselves while others are still read. */
export const comparedAfter = (now: number): number => now + HOUR;

const NOTHING = new TallyKeeper().tally();

/** Reads a whole store and names every collection in which it differs from the live documents of an export. */
export async function differencesFrom(
  exported: ReadonlyMap<string, Tally>,
  store: DocumentStore,
  liveAt: number,
): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  for (const of of movedCollections) {
    const expected = exported.get(of.layout.name) ?? NOTHING;
    const stored = await tallyOf(store, of, liveAt);
    if (stored.digest !== expected.digest || stored.documents !== expected.documents)
      differences.push({ collection: of.layout.name, exported: expected, stored });
  }
  return differences;
}

async function tallyOf<D extends object>(
  store: DocumentStore,
  of: Collection<D>,
  liveAt: number,
): Promise<Tally> {
  const keeper = new TallyKeeper();
  for await (const page of store.pages(of, {}, PAGE))
    for (const found of page)
      if (isLiveAt(of, found.value, liveAt)) keeper.add(payloadOf(of, found));
  return keeper.tally();
}

/** Where a store does not say of its format what came with an export; what the export leaves open is not compared. */
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

/** As of one document that has those members of a format which another one has. */
function tallyOfFormat(format: MovedFormat, like: MovedFormat): Tally {
  const members = Object.entries(movedFormatOf(format)).filter(([name]) =>
    Object.hasOwn(like, name),
  );
  const keeper = new TallyKeeper();
  keeper.add(Buffer.from(JSON.stringify(members)));
  return keeper.tally();
}
