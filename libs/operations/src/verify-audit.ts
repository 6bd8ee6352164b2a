import type { DocumentStore } from '@keyserver/docstore';
import {
  AUDIT_MARK,
  type AuditHead,
  auditChain,
  readAuditHead,
  storeParts,
} from '@keyserver/stores';
import { checkNothingBehind, earlierOf } from './audit-surroundings.ts';
import {
  type AuditVerdict,
  Break,
  type HearWalked,
  type KnownOfAudit,
  type WholeAudit,
} from './audit-verdict.ts';
import { Walk } from './audit-walk.ts';

/** Walks the whole chain, page by page, and says whether it is whole, or in one sentence where it is not. */
export async function verifyAudit(
  store: DocumentStore,
  known: KnownOfAudit = {},
  walked: HearWalked = () => undefined,
): Promise<AuditVerdict> {
  try {
    const head = await readAuditHead(store);
    return head === undefined
      ? await withoutHead(store, known)
      : await walk(store, head, { known, walked });
  } catch (error) {
    if (error instanceof Break) return { kind: 'broken', sentence: error.message };
    throw error;
  }
}

async function withoutHead(
  store: DocumentStore,
  { entries = [] }: KnownOfAudit,
): Promise<AuditVerdict> {
  for await (const page of store.pages(auditChain, { limit: 1 }))
    if (page.length > 0) throw new Break('there are entries, and the head of the chain is gone');
  const [mark] = await store.get(storeParts, [AUDIT_MARK]);
  if (mark !== undefined) throw new Break('the store has had a chain, and it is gone');
  if (entries.length > 0) throw new Break('entries are known, and the store has no chain');
  const { count } = await earlierOf(store);
  return { kind: 'none', earlier: count };
}

async function walk(
  store: DocumentStore,
  begun: AuditHead,
  as: { readonly known: KnownOfAudit; readonly walked: HearWalked },
): Promise<WholeAudit> {
  const chain = new Walk(begun, as.known);
  await chain.checkRoot(store);
  let head = begun;
  // Somebody may add entries meanwhile: then the walk goes on to the new end.
  for (;;) {
    await chain.go(store, head, as.walked);
    const now = await readAuditHead(store);
    if (now === undefined) throw new Break('the head of the chain has just gone');
    if (now.rootSequence !== begun.rootSequence) return await walk(store, now, as); // it was trimmed, or begun anew, meanwhile
    if (now.sequence === chain.sequence) {
      chain.checkEnd(now);
      await checkNothingBehind(store, now.sequence);
      return await chain.verdict(store, now);
    }
    if (now.sequence <= head.sequence)
      throw new Break(`the head names entry ${now.sequence} as the last, and there are more`);
    head = now;
  }
}
