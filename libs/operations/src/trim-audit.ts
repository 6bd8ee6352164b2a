import type { DocumentStore, Transaction } from '@keyserver/docstore';
import { type Random, randomId } from '@keyserver/random';
import {
  type AuditCheckpoint,
  type AuditHead,
  NO_HASH,
  auditChain,
  auditCheckpoints,
  auditEntries,
  auditIdOf,
  beginAudit,
  readAuditHead,
} from '@keyserver/stores';
import { DAY, type UnixMillis, unixMillis } from '@keyserver/time';
import type { AuditVerdict } from './audit-verdict.ts';
import { verifyAudit } from './verify-audit.ts';

/** For how long an entry is kept at least, in ms: two years. Without a trim it is kept for ever. */
export const AUDIT_KEPT_AT_LEAST = 730 * DAY;

/** What came of a trim. */
export type TrimOutcome =
  /** The chain begins behind this entry; so many documents were deleted. */
  | { readonly kind: 'trimmed'; readonly root: number; readonly deleted: number }
  | Exclude<AuditVerdict, { readonly kind: 'whole' }>
  /** Entries since then are kept. */
  | { readonly kind: 'too young'; readonly keptSince: UnixMillis }
  /** No checkpoint is of an entry from before the time, behind where the chain begins. */
  | { readonly kind: 'no checkpoint' };

/** What may be trimmed, on whose word. */
interface TrimRequest {
  readonly before: UnixMillis;
  /** Of which every checkpoint must be signed by one, PEM. */
  readonly publicKeys: readonly string[];
  readonly actor: string;
  readonly random: Random;
}

/**
 * Lets the chain begin behind the newest checkpoint whose entry is from before a time, and deletes what lies before it. The
 * chain is verified first, with the keys that are given. That it was trimmed is an entry of its own, written before anything
 * is deleted: whoever is killed in between runs it again, and the rest goes.
 */
export async function trimAudit(store: DocumentStore, request: TrimRequest): Promise<TrimOutcome> {
  const { before, publicKeys } = request;
  const keptSince = unixMillis(Math.max(0, (await store.now()) - AUDIT_KEPT_AT_LEAST));
  if (before > keptSince) return { kind: 'too young', keptSince };
  const verdict = await verifyAudit(store, { publicKeys });
  if (verdict.kind !== 'whole') return verdict;
  const checkpoint = await newestBefore(store, before, verdict.head);
  if (checkpoint !== undefined) await moveRoot(store, checkpoint, request);
  const head = await readAuditHead(store);
  const isTrimmed = head !== undefined && head.rootHash !== NO_HASH;
  const deleted = isTrimmed ? await deleteBefore(store, head.rootSequence) : 0;
  if (!isTrimmed || (checkpoint === undefined && deleted === 0)) return { kind: 'no checkpoint' };
  return { kind: 'trimmed', root: head.rootSequence, deleted };
}

async function newestBefore(
  store: DocumentStore,
  before: UnixMillis,
  { rootSequence, sequence }: AuditHead,
): Promise<AuditCheckpoint | undefined> {
  let newest: AuditCheckpoint | undefined;
  for await (const page of store.pages(auditCheckpoints, {
    after: { id: auditIdOf(rootSequence) },
  }))
    for (const { value } of page)
      if (value.sequence < sequence && value.entryAt < before) newest = value;
  return newest;
}

/** The entry and the new root are one step. A checkpoint that was taken away since, or passed by another trim, moves nothing. */
async function moveRoot(
  store: DocumentStore,
  { sequence, hash }: AuditCheckpoint,
  { actor, random, before }: TrimRequest,
): Promise<void> {
  const step = randomId(random);
  await store.transact(async (tx) => {
    const audit = await beginAudit(tx, step);
    const [present] = await tx.get(auditCheckpoints, [auditIdOf(sequence)]);
    const head = await readAuditHead(tx);
    if (audit.earlier !== undefined || present?.hash !== hash) return;
    if (head === undefined || head.rootSequence >= sequence) return;
    const root = { rootSequence: sequence, rootHash: hash };
    audit.append(
      {
        ...{ actor, operation: 'audit.trim' },
        changes: [
          {
            ...{ action: 'change', section: 'audit', id: 'chain' },
            fields: [
              {
                ...{ field: 'beginsBehind', note: `before ${new Date(before).toISOString()}` },
                ...{ before: String(head.rootSequence), after: String(sequence) },
              },
            ],
          },
        ],
      },
      root,
    );
  });
}

/** One step of a deletion. An entry has up to 1 MiB, and a transaction deletes at most 10 MiB. */
const AT_ONCE = 8;

/** Deletes what the checkpoint stands for: entries from before the chain, entries up to it, and older checkpoints. */
async function deleteBefore(store: DocumentStore, root: number): Promise<number> {
  let deleted = await store.deleteAll(auditEntries, {});
  for (const [collection, end] of [
    [auditChain, root],
    [auditCheckpoints, root - 1],
  ] as const)
    for (;;) {
      const gone = await store.transact(async (tx) => await deleteSome(tx, collection, end));
      deleted += gone;
      if (gone < AT_ONCE) break;
    }
  return deleted;
}

async function deleteSome(
  tx: Transaction,
  collection: typeof auditChain | typeof auditCheckpoints,
  end: number,
): Promise<number> {
  const found = await tx.find<object>(collection, { limit: AT_ONCE });
  const before = found.filter(({ id }) => id <= auditIdOf(end));
  for (const { id } of before) tx.delete<object>(collection, id);
  return before.length;
}
