import { meets } from './conditions.ts';
import { type Version, keysOf } from './collection.ts';
import type { Change, Documents } from './documents.ts';
import type { QueryPlan, Scan } from './query-plan.ts';
import { within } from './sorted-entries.ts';
import type { Micros } from './store-clock.ts';
import { after } from './value-key.ts';

/** What a query found, and the parts of the indexes that it looked at. */
export interface QueryResult {
  readonly versions: readonly Version[];
  readonly skipped: number;
  readonly seen: readonly Scan[];
}

interface Hit {
  readonly place: string;
  readonly version: Version;
}

const accepts = (scan: Scan, version: Version): boolean =>
  scan.rest.every((condition) => meets(version, condition));

/** Runs a query on the documents as they are, or as they were at a time. */
export function runQuery(documents: Documents, plan: QueryPlan, at?: Micros): QueryResult {
  const runs = plan.scans.map((scan) => runScan(documents, plan, scan, at));
  const hits =
    runs.length === 1
      ? (runs[0]?.hits ?? [])
      : merged(
          runs.flatMap((run) => run.hits),
          plan,
        );
  return {
    versions: hits.slice(plan.offset, plan.offset + plan.limit).map(({ version }) => version),
    skipped: Math.min(plan.offset, hits.length),
    seen: runs.map(({ seen }) => seen),
  };
}

function runScan(
  documents: Documents,
  plan: QueryPlan,
  scan: Scan,
  at: Micros | undefined,
): { hits: readonly Hit[]; seen: Scan } {
  const entries = documents.collection(plan.collection).entries(scan.shape, at);
  const { downwards } = plan.order;
  const wanted = plan.offset + plan.limit;
  const hits: Hit[] = [];
  if (wanted === 0) return { hits, seen: { ...scan, bounds: { low: '', high: '' } } };
  for (const { key, item } of downwards
    ? entries.downwards(scan.bounds)
    : entries.upwards(scan.bounds)) {
    if (!accepts(scan, item)) continue;
    hits.push({ place: key.slice(scan.prefix.length), version: item });
    if (hits.length < wanted) continue;
    const bounds = downwards ? { ...scan.bounds, low: key } : { ...scan.bounds, high: after(key) };
    return { hits, seen: { ...scan, bounds } };
  }
  return { hits, seen: scan };
}

/** The hits of several runs in the query's order, each document once. */
function merged(hits: readonly Hit[], plan: QueryPlan): readonly Hit[] {
  const once = [...new Map(hits.map((hit) => [hit.version.place.name, hit])).values()];
  const sign = plan.order.downwards ? -1 : 1;
  return once.sort((a, b) => (a.place < b.place ? -sign : sign));
}

/** Tells whether a change touches what a scan has seen, be it a document that it found or one that it would find now. */
export function disturbs(change: Change, collection: string, seen: Scan): boolean {
  if (change.place.collection !== collection) return false;
  return [change.before, change.after].some(
    (version) =>
      version !== undefined &&
      keysOf(seen.shape, version).some((key) => within(key, seen.bounds)) &&
      accepts(seen, version),
  );
}
