import type { Transaction } from '@keyserver/docstore';
import { DAY, floorTo, windowStart } from '@keyserver/time';
import { exportConfigs } from './configuration.ts';
import { exportBatches, exportProgress } from './export-batch-document.ts';
import { exportIndexes } from './export-index-document.ts';
import { leases } from './lease-store.ts';
import { readStoreFormat } from './store-format.ts';

const PER_TRANSACTION = 100;
const MOST_EXPORTS = 100;
const STATES = ['open', 'stored', 'complete', 'empty', 'skipped'] as const;

/** How far an export has come, and how far it may have come at a true time. */
interface Progress {
  readonly id: string;
  readonly coveredUntil: number;
  readonly limit: number;
}

/**
 * Removes some of the batches that were cut past the present time, while store time was wrong. Their windows are cut again
 * when they have passed, so that no key which comes into them until then is lost. The answer is how many were removed.
 */
export async function removeEarlyBatches(tx: Transaction): Promise<number> {
  const early: string[] = [];
  const ahead = await progressOf(tx);
  for (const progress of ahead)
    early.push(...(await earlyBatches(tx, progress, PER_TRANSACTION - early.length)));
  for (const id of early) tx.delete(exportBatches, id);
  // Derived anew from the batches that stay.
  for (const { id } of ahead) tx.delete(exportIndexes, id);
  return early.length;
}

/**
 * Brings back to the present what was ahead of it: how far each export has come, and leases. False, and nothing is done,
 * while batches are left that `removeEarlyBatches` must remove first.
 */
export async function bringBack(tx: Transaction): Promise<boolean> {
  const all = await progressOf(tx);
  const held = await tx.find(leases, { limit: PER_TRANSACTION });
  const leased = await tx.find(exportBatches, OPEN);
  for (const progress of all) if ((await earlyBatches(tx, progress, 1)).length > 0) return false;
  for (const { id, limit } of all) {
    tx.set(exportProgress, id, { coveredUntil: limit });
    tx.delete(exportIndexes, id);
  }
  for (const { id, value } of held)
    if (value.expiresAt > tx.now) tx.set(leases, id, { ...value, expiresAt: tx.now });
  for (const { id, value } of leased)
    if (value.leaseExpires > tx.now) tx.set(exportBatches, id, { ...value, leaseExpires: tx.now });
  return true;
}

const OPEN = { where: { state: 'open' }, order: { by: 'turn' }, limit: PER_TRANSACTION } as const;

/** The exports that have come further than the last multiple of their period in windows that are closed. */
async function progressOf(tx: Transaction): Promise<readonly Progress[]> {
  const found = await tx.find(exportProgress, { limit: MOST_EXPORTS });
  const configs = await tx.get(
    exportConfigs,
    found.map(({ id }) => id),
  );
  const windows = (await readStoreFormat(tx))?.windows;
  const closed = windows === undefined ? tx.now : windowStart(windows, tx.now);
  return found.flatMap(({ id, value: { coveredUntil } }, n) => {
    const limit = floorTo(closed, configs[n]?.period ?? DAY);
    return coveredUntil > limit ? [{ id, coveredUntil, limit }] : [];
  });
}

async function earlyBatches(
  tx: Transaction,
  { id: config, limit: until }: Progress,
  most: number,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const state of STATES) {
    if (ids.length >= most) break;
    const order = { by: 'end', from: until + 1 } as const;
    const found = await tx.find(exportBatches, {
      where: { config, state },
      order,
      limit: most - ids.length,
    });
    ids.push(...found.map(({ id }) => id));
  }
  return ids;
}
