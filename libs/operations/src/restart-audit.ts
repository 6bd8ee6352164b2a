import { type Collection, type DocumentStore, view } from '@keyserver/docstore';
import { type Random, randomId } from '@keyserver/random';
import { auditChain, auditCheckpoints, beginAuditAnew, readAuditHead } from '@keyserver/stores';
import type { AuditVerdict } from './audit-verdict.ts';
import { verifyAudit } from './verify-audit.ts';

/** What came of a restart: the number of the first entry of the new chain, or that nothing is broken. */
export type RestartOutcome =
  | { readonly kind: 'begun anew'; readonly sequence: number; readonly reason: string }
  | Exclude<AuditVerdict, { readonly kind: 'broken' }>;

/**
 * Begins a new chain where the present one is broken, and only there. What is left of the old one stays, and the first entry
 * of the new one says what was wrong, who began it and when; `verifyAudit` tells of it from then on.
 */
export async function restartAudit(
  store: DocumentStore,
  { actor, random }: { readonly actor: string; readonly random: Random },
): Promise<RestartOutcome> {
  const verdict = await verifyAudit(store);
  if (verdict.kind !== 'broken') return verdict;
  const reason = verdict.sentence;
  const step = randomId(random);
  const head = await readAuditHead(store);
  const after = Math.max(
    ...[head?.sequence ?? 0, head?.rootSequence ?? 0],
    await lastOf(store, view(auditChain, ['sequence'])),
    await lastOf(store, view(auditCheckpoints, ['sequence'])),
  );
  // An entry that somebody adds meanwhile has the next number: then this is refused, and changes nothing.
  await store.transact(async (tx) => {
    await beginAuditAnew(tx, { after, reason, actor, step });
  });
  return { kind: 'begun anew', sequence: after + 1, reason };
}

const NUMBER = /^\d{16}$/;

/** The largest number that an id has. A field may say anything, as something is wrong. */
async function lastOf(store: DocumentStore, of: Collection<object>): Promise<number> {
  let last = 0;
  for await (const page of store.pages(of, {}))
    for (const { id } of page) if (NUMBER.test(id)) last = Math.max(last, Number(id));
  return last;
}
