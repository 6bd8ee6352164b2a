import type { DocumentStore } from '@keyserver/docstore';
import type { ExportStore } from '@keyserver/export-file';
import type { PlanSpan } from '@keyserver/padding';
import type { HealthProbe } from '@keyserver/service';
import { type UnitStore, listPlanned, storedWindows } from '@keyserver/stores';
import { lateWatch } from './health.ts';
import { unitWatch } from './unit-watch.ts';

/** The watches over exports and partners that wait for something. */
export function lateWatches(
  store: DocumentStore,
  options: Pick<
    Parameters<typeof lateWatch>[0],
    'log' | 'storeTime' | 'readPauses' | 'minWindowAge' | 'lateAfter'
  > & {
    readonly span: PlanSpan;
    readonly batches: ExportStore;
    readonly units: UnitStore;
  },
): { readonly check: () => Promise<void>; readonly probes: readonly HealthProbe[] } {
  const readWindows = async () => await storedWindows(store);
  const { batches, units, span } = options;
  const exports = lateWatch({
    ...{ ...options, ...batches.listings, readWindows },
    listExports: listPlanned(store, span),
  });
  const partners = unitWatch({
    ...{ ...options, units, readWindows },
    closingDelay: store.closingDelay,
  });
  return {
    check: async () => {
      await exports.check();
      await partners.check();
    },
    probes: [exports.probe, partners.probe],
  };
}
