import type { DocumentStore } from '@keyserver/docstore';
import type { CutBatches, WorkQueue } from '@keyserver/export-file';
import type { Partner, PartnerUnit } from '@keyserver/federation';
import { type PlanSpan, planStart, readerOf } from '@keyserver/padding';
import type { UnixMillis } from '@keyserver/time';
import type { ExportStoreOptions } from './export-store.ts';
import { partnerUnits, unitOf } from './partner-unit-document.ts';
import { partnersOn } from './partner-versions.ts';
import { listPartners, partners } from './partners.ts';
import { pausesIn, pausesReader } from './pauses.ts';
import { cutUnits } from './unit-cut.ts';
import { type UnitProgress, unitProgress } from './unit-progress.ts';
import { workQueue } from './work-queue.ts';

/** The units of all padded partners. */
export interface UnitStore {
  /** Cuts a partner into the units that are due, by its id. */
  readonly cutUnits: CutBatches;
  readonly queue: WorkQueue<PartnerUnit>;
  /** Whether anybody is to be given the unit: its partner may have been removed. */
  readonly isWanted: (unit: PartnerUnit) => Promise<boolean>;
  /**
   * Ends a unit that the worker holds; false when the lease was lost, `paused` while its partner waits for the end of a pause. Does
   * nothing when it was ended so before.
   */
  readonly end: (unit: PartnerUnit, state: 'settled' | 'dropped') => Promise<boolean | 'paused'>;
  readonly progressOf: (partner: string) => Promise<UnitProgress>;
  /** All partners that are configured. */
  readonly listPartners: () => Promise<readonly Partner[]>;
  /** Those that are padded on the day of an instant, as that day is planned with them, and are still configured. */
  readonly listPadded: (t: UnixMillis) => Promise<readonly Partner[]>;
}

const UNITS = {
  documents: partnerUnits,
  open: { where: { state: 'open' }, order: { by: 'end' } },
  read: unitOf,
} as const;

/** Units kept in the document store. */
export const unitStore = (store: DocumentStore, options: ExportStoreOptions): UnitStore => ({
  cutUnits: cutUnits(store, options),
  queue: workQueue(store, UNITS, options.random),
  isWanted: async ({ partner }) => (await store.get(partners, [partner.id]))[0] !== undefined,
  end: async ({ id, fence, partner }, state) =>
    await store.transact(async (tx) => {
      const [stored] = await tx.get(partnerUnits, [id]);
      if (stored?.fence !== fence) return false;
      // The fence is ours, so an earlier attempt of this very transaction has already ended the unit.
      if (stored.state !== 'open') return true;
      const waits = state === 'settled' && pausesReader(await pausesIn(tx), readerOf(partner));
      if (waits) return 'paused';
      tx.set(partnerUnits, id, { ...stored, state, leaseExpires: tx.now });
      return true;
    }),
  progressOf: async (partner) => await unitProgress(store, partner),
  listPartners: async () => await listPartners(store),
  listPadded: async (t) => await paddedOn(store, planStart(t, options.span), options.span),
});

async function paddedOn(
  store: DocumentStore,
  start: UnixMillis,
  span: PlanSpan,
): Promise<readonly Partner[]> {
  const configured = new Set((await listPartners(store)).map(({ id }) => id));
  const inForce = await store.transact(async (tx) => await partnersOn(tx, start, span));
  return inForce.filter(({ id, mode }) => mode === 'padded' && configured.has(id));
}
