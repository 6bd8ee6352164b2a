import type { DocumentStore } from '@keyserver/docstore';
import { type Random, randomId } from '@keyserver/random';
import { type ConfigurationChange, auditEntries } from './audit.ts';

/** Writes down who makes what anew; to be done before it is, so that nothing is mended without a trace. */
export async function auditRebuild(
  store: DocumentStore,
  of: {
    readonly actor: string;
    readonly random: Random;
    readonly changes: readonly ConfigurationChange[];
  },
): Promise<void> {
  const { actor, changes } = of;
  const id = randomId(of.random);
  await store.transact(async (tx) => {
    const [present] = await tx.get(auditEntries, [id]);
    if (present === undefined)
      tx.create(auditEntries, id, { at: tx.now, actor, operation: 'store.rebuild', changes });
  });
}
