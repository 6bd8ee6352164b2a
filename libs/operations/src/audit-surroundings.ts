import type { DocumentStore } from '@keyserver/docstore';
import {
  type AuditEntry,
  type AuditHead,
  auditChangesOf,
  auditCheckpoints,
  auditIdOf,
  earlierEntries,
  earlierNamedBy,
  readAuditHead,
} from '@keyserver/stores';
import { Break } from './audit-verdict.ts';

/** The entries from before the chain: how many, and their digest. */
export const earlierOf = async (
  store: DocumentStore,
): Promise<{ readonly count: number; readonly digest: string }> =>
  await store.transact(async (tx) => await earlierEntries(tx));

/** The first entry names what was there before the chain, and that is still so. */
export async function checkBeginning(
  store: DocumentStore,
  first: AuditEntry,
  { rootSequence }: AuditHead,
): Promise<void> {
  const named = earlierNamedBy(auditChangesOf(first));
  const isFirst = first.operation === 'audit.begin' && rootSequence === 0;
  if (named === undefined || !(isFirst || first.operation === 'audit.restart'))
    throw new Break(`entry ${first.sequence}, the first one, does not say what was before it`);
  const { count, digest } = await earlierOf(store);
  if (count !== named.count || digest !== named.digest)
    throw new Break(
      `of the entries from before the chain there were ${named.count}, and there are ${count} or they were changed; an earlier version of this program may have written one`,
    );
}

/** Whoever cuts off the end may forget a checkpoint that lies behind it. */
export async function checkNothingBehind(store: DocumentStore, end: number): Promise<void> {
  const query = { after: { id: auditIdOf(end) }, limit: 1 };
  for await (const page of store.pages(auditCheckpoints, query))
    for (const { value } of page) {
      const now = await readAuditHead(store); // it may have been made meanwhile
      if (now === undefined || now.sequence < value.sequence)
        throw new Break(
          `there is a checkpoint of entry ${value.sequence}, and the chain ends with entry ${end}: the end was cut off`,
        );
    }
}
