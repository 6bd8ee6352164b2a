import type { DocumentStore } from '@keyserver/docstore';
import { DAY, type UnixMillis } from '@keyserver/time';
import { listExports } from './configuration-lookup.ts';
import { exportProgress } from './export-batch-document.ts';
import { exportVersions, partnerVersions } from './padding-documents.ts';
import { partnerProgress } from './partner-unit-document.ts';
import { listPartners } from './partners.ts';

/** How far back versions are known in any case: longer than a plan is kept, which is 90 days at most. */
const HISTORY = 120 * DAY;
/** Versions in one transaction, each with a copy of its export or partner. */
const AT_ONCE = 100;

/**
 * Deletes versions of exports and partners that no day goes by any more, and gives how many. The newest version by which the oldest
 * such day goes stays, whatever its age, and so does each later one; the only version of an export or a partner is never deleted.
 */
export async function deleteVersions(store: DocumentStore, certain: UnixMillis): Promise<number> {
  const horizon = Math.min(certain - HISTORY, await oldestUncut(store));
  return await store.transact(async (tx) => {
    const exports = (await tx.find(exportVersions, {})).map(
      ({ id, value: { from, settings } }) => ({
        ...{ id, from, of: settings.id },
      }),
    );
    const partners = (await tx.find(partnerVersions, {})).map(({ id, value }) => ({
      ...{ id, from: value.from, of: value.partner },
    }));
    const oldExports = outdated(exports, horizon).slice(0, AT_ONCE);
    const oldPartners = outdated(partners, horizon).slice(0, AT_ONCE);
    for (const { id } of oldExports) tx.delete(exportVersions, id);
    for (const { id } of oldPartners) tx.delete(partnerVersions, id);
    return oldExports.length + oldPartners.length;
  });
}

interface VersionOf {
  readonly id: string;
  readonly from: number;
  /** The export or partner. */
  readonly of: string;
}

/** Those of which a later version held already at the horizon. */
const outdated = (versions: readonly VersionOf[], horizon: number): readonly VersionOf[] =>
  versions.filter((one) =>
    versions.some(({ of, from }) => of === one.of && from > one.from && from <= horizon),
  );

/**
 * Where the hindmost export or partner is cut to: its next day goes by the versions of all. One that was never cut begins
 * within the retention of keys, and one that was cut to its end goes on from a midnight to come.
 */
async function oldestUncut(store: DocumentStore): Promise<number> {
  const exports = await listExports(store)();
  const partners = await listPartners(store);
  const cut = [
    ...(await store.get(exportProgress, idsOf(exports))),
    ...(await store.get(partnerProgress, idsOf(partners))),
  ];
  let oldest = Infinity;
  for (const [n, { thru }] of [...exports, ...partners].entries()) {
    const coveredUntil = cut[n]?.coveredUntil ?? Infinity;
    if (coveredUntil < (thru ?? Infinity)) oldest = Math.min(oldest, coveredUntil);
  }
  return oldest;
}

const idsOf = (all: readonly { readonly id: string }[]): readonly string[] =>
  all.map(({ id }) => id);
