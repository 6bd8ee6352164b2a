import type { DocumentStore } from '@keyserver/docstore';
import type { Signer } from '@keyserver/export-file';
import { type Random, randomId } from '@keyserver/random';
import {
  type AuditCheckpoint,
  auditChain,
  auditCheckpoints,
  auditHashOf,
  auditIdOf,
  beginAudit,
  checkpointText,
  isSignedBy,
} from '@keyserver/stores';
import type { AuditVerdict } from './audit-verdict.ts';
import { signsFiles } from './signs-files.ts';
import { verifyAudit } from './verify-audit.ts';

/** What came of a checkpoint. */
export type CheckpointOutcome =
  | { readonly kind: 'signed'; readonly checkpoint: AuditCheckpoint }
  /** The chain is broken, or there is none: nothing is signed. */
  | Exclude<AuditVerdict, { readonly kind: 'whole' }>
  /** The key signs files, which phones trust: it signs nothing else. */
  | { readonly kind: 'key of files' }
  /** Somebody else made a checkpoint of the same entry, or trimmed the chain, at this moment. */
  | { readonly kind: 'overtaken' };

/** Who signs with what. */
interface CheckpointBy {
  readonly actor: string;
  readonly random: Random;
  /** The name of the key, as its keeper knows it. */
  readonly signingKey: string;
  readonly signer: Signer;
}

/**
 * Signs the end of the chain, after all of it was found to be whole. The checkpoint is stored, and written down in an entry of
 * its own, in one step; whoever is killed before that has signed something that nobody has.
 */
export async function checkpointAudit(
  store: DocumentStore,
  { actor, random, signingKey, signer }: CheckpointBy,
): Promise<CheckpointOutcome> {
  if (await signsFiles(store, signingKey)) return { kind: 'key of files' };
  const verdict = await verifyAudit(store);
  if (verdict.kind !== 'whole') return verdict;
  const { sequence, hash } = verdict.head;
  const step = randomId(random);
  const [last] = await store.get(auditChain, [auditIdOf(sequence)]);
  const signed = await sign(signer, {
    ...{ sequence, hash, entryAt: last?.at ?? 0 },
    at: await store.now(),
  });
  return await store.transact(async (tx): Promise<CheckpointOutcome> => {
    const id = auditIdOf(sequence);
    const audit = await beginAudit(tx, step);
    const [entry] = await tx.get(auditChain, [id]);
    const [present] = await tx.get(auditCheckpoints, [id]);
    if (audit.earlier !== undefined && present !== undefined)
      return { kind: 'signed', checkpoint: present };
    const isSame = entry !== undefined && auditHashOf(entry) === hash;
    if (present !== undefined || !isSame) return { kind: 'overtaken' };
    tx.create(auditCheckpoints, id, signed);
    audit.append({
      ...{ actor, operation: 'audit.checkpoint' },
      changes: [
        {
          ...{ action: 'add', section: 'checkpoints', id: String(sequence) },
          fields: [field('hash', hash), field('signingKey', signingKey)],
        },
      ],
    });
    return { kind: 'signed', checkpoint: signed };
  });
}

const field = (name: string, after: string) => ({
  ...{ field: name, after },
  ...{ before: undefined, note: undefined },
});

async function sign(
  signer: Signer,
  said: Omit<AuditCheckpoint, 'publicKey' | 'signature'>,
): Promise<AuditCheckpoint> {
  const signature = signer.begin();
  signature.update(Buffer.from(checkpointText(said)));
  const checkpoint = {
    ...said,
    publicKey: await signer.publicKey(),
    signature: await signature.finish(),
  };
  if (!isSignedBy(checkpoint, checkpoint.publicKey))
    throw new Error('a checkpoint was signed, and its signature does not verify');
  return checkpoint;
}
