import type { DocumentStore } from '@keyserver/docstore';
import type { ConfigurationChange } from '../audit.ts';
import { type AuditEntry, auditChain, auditChangesOf } from '../audit-entry.ts';

/** A step as tests look at it. */
type Audited = Omit<AuditEntry, 'changes'> & { readonly changes: readonly ConfigurationChange[] };

/** What operators did, in order, without the entry that begins the chain. Tests only. */
export async function auditedSteps(store: DocumentStore): Promise<readonly Audited[]> {
  const steps: Audited[] = [];
  for await (const page of store.pages(auditChain, {}))
    for (const { value } of page)
      if (value.operation !== 'audit.begin')
        steps.push({ ...value, changes: auditChangesOf(value) });
  return steps;
}
