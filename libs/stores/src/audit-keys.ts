import type { DocumentStore } from '@keyserver/docstore';
import { beginAudit } from './audit-chain.ts';

/** Writes down which stored keys an operator takes back or deletes; to be done before it is. Names and counts, never a key. */
export async function auditKeys(
  store: DocumentStore,
  entry: {
    /** Random, drawn outside. */
    readonly step: string;
    readonly actor: string;
    readonly operation: 'keys.delete' | 'keys.revoke';
    readonly about: Readonly<Record<string, string | undefined>>;
  },
): Promise<void> {
  const { step, actor, operation, about } = entry;
  const fields = Object.entries(about).flatMap(([field, after]) =>
    after === undefined ? [] : [{ field, before: undefined, after, note: undefined }],
  );
  const action = operation === 'keys.delete' ? 'remove' : 'change';
  await store.transact(async (tx) => {
    const { earlier, append } = await beginAudit(tx, step);
    if (earlier !== undefined) return;
    append({ actor, operation, changes: [{ action, section: 'keys', id: 'range', fields }] });
  });
}
