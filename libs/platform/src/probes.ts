import type { DocumentStore, StorePart } from '@keyserver/docstore';
import { HealthFault, type HealthProbe, namedProbe } from '@keyserver/service';
import { type StoreFormat, StorePartFault, checkPart, formatChange } from '@keyserver/stores';

/** A store that is open, as its format was then. */
interface OpenedStore {
  readonly store: DocumentStore;
  readonly format: StoreFormat;
}

/** The keys of one machine, which lie beside its store. */
interface WithKeys extends OpenedStore {
  readonly keysPart?: StorePart;
}

/** Whether the store is still the one that was opened; if not, `store_mismatch`. It reads one document. */
export const sameStore =
  ({ store, format }: OpenedStore): HealthProbe =>
  async () => {
    const change = await formatChange(store, format);
    if (change !== undefined) throw new HealthFault('store_mismatch', change);
  };

/** Whether the store tells its time, and is still the one that was opened. */
export function storeAnswers(opened: OpenedStore): HealthProbe {
  const same = sameStore(opened);
  return async () => {
    await opened.store.now();
    await same();
  };
}

/** Throws a StorePartFault when the directory of keys is not the store's own; nothing to check where there is none. */
export async function checkKeys({ store, format, keysPart }: WithKeys): Promise<void> {
  if (keysPart !== undefined) await checkPart({ store, storeId: format.storeId }, keysPart);
}

/** Whether the directory of keys is there and the store's own; if not, `part_missing`. */
export const keysBelong = (opened: WithKeys): HealthProbe =>
  namedProbe('part_missing', StorePartFault, async () => {
    await checkKeys(opened);
  });

/** All that health asks of a platform, for a service that asks nothing else of its store. */
export const probesOf = (
  opened: WithKeys & { readonly probes: readonly HealthProbe[] },
): readonly HealthProbe[] => [storeAnswers(opened), keysBelong(opened), ...opened.probes];
