import type { DocumentStore, Transaction } from '@keyserver/docstore';
import { Fault } from '@keyserver/fault';
import { type Random, randomId } from '@keyserver/random';
import type { ConfigurationChange } from './audit.ts';
import {
  type AuditDigests,
  type AuditEntry,
  type AuditHead,
  HEAD_ID,
  NO_HASH,
  type AuditOperation,
  MAX_CHANGES_BYTES,
  auditChain,
  auditHashOf,
  auditHeads,
  auditIdOf,
  changesBytes,
  changesText,
  digestsOf,
  readAuditHead,
} from './audit-entry.ts';
import { AUDIT_MARK, type Beginning, beginningOf } from './audit-beginning.ts';
import { storeParts } from './store-parts.ts';

/** What a step was: who did what, and what was there before and after. */
export interface AuditedStep {
  readonly actor: string;
  readonly operation: AuditOperation;
  readonly changes: readonly ConfigurationChange[];
  /** Of what the step changed; of what `changes` name unless given. */
  readonly digests?: AuditDigests;
}

/** An entry that may still be written in a transaction, once. */
export interface AuditInProgress {
  /** The entry of this step from an earlier attempt whose answer was lost: answer as that one would have, write nothing. */
  readonly earlier: AuditEntry | undefined;
  /** Writes the entry and the head. `root` moves the beginning of the chain behind an entry that a checkpoint stands for. */
  readonly append: (step: AuditedStep, root?: AuditRoot) => void;
}

/** The entry behind which a chain begins: number 0 with `NO_HASH` unless it was trimmed or begun anew. */
export type AuditRoot = Pick<AuditHead, 'rootSequence' | 'rootHash'>;

/** The chain is not whole, so nothing is added to it. The message is a sentence that tells an operator what to do. */
export class AuditFault extends Fault<'broken'> {
  constructor(what: string) {
    super('broken', `the audit is broken: ${what}; ${HOW}`);
  }
}

const HOW =
  'look with `npx keyserver audit verify`, and put the database back from a backup or begin a new chain with `npx keyserver audit restart`, as docs/audit.md says';

/** Most writes of an audit in one transaction: the beginning, the entry, the head, and the mark that there is a chain. */
export const AUDIT_WRITES = 4;

/**
 * Reads what it takes to add an entry in this transaction, before anything is written. `step` is random and drawn outside the
 * transaction. Throws AuditFault when the chain does not end as its head says, or when a chain has vanished.
 */
export async function beginAudit(tx: Transaction, step: string): Promise<AuditInProgress> {
  const head = await readAuditHead(tx);
  const [mark] = await tx.get(storeParts, [AUDIT_MARK]);
  const [made] = await tx.find(auditChain, { where: { step }, limit: 1 });
  if (head !== undefined) await checkEnd(tx, head);
  const beginning = head === undefined ? await begin(tx, mark !== undefined) : undefined;
  return {
    earlier: made?.value,
    append: (what, root) => {
      const { actor } = what;
      const first = { actor, operation: 'audit.begin', step: `${step}-begin` } as const;
      const before = beginning === undefined ? head : add(tx, EMPTY, { ...first, ...beginning });
      tx.set(auditHeads, HEAD_ID, { ...add(tx, before ?? EMPTY, { ...what, step }), ...root });
      if (mark === undefined) tx.set(storeParts, AUDIT_MARK, { since: tx.now });
    },
  };
}

const EMPTY: AuditHead = { sequence: 0, hash: NO_HASH, rootSequence: 0, rootHash: NO_HASH };

async function begin(tx: Transaction, isMarked: boolean): Promise<Beginning> {
  const [left] = await tx.find(auditChain, { limit: 1 });
  if (left !== undefined)
    throw new AuditFault('there are entries, and the head of the chain is gone');
  if (isMarked) throw new AuditFault('the store has had a chain, and it is gone');
  return await beginningOf(tx);
}

/** The last entry is the one that the head names, and nothing follows it. */
async function checkEnd(tx: Transaction, { sequence, hash }: AuditHead): Promise<void> {
  const [last, next] = await tx.get(auditChain, [auditIdOf(sequence), auditIdOf(sequence + 1)]);
  if (last === undefined) throw new AuditFault(`entry ${sequence}, the last one, is gone`);
  if (auditHashOf(last) !== hash)
    throw new AuditFault(`entry ${sequence}, the last one, is not the one that was written`);
  if (next !== undefined)
    throw new AuditFault(`entry ${sequence + 1} follows the one that the head calls the last`);
}

/** Writes the entry that follows a head, and gives the head behind it. */
function add(
  tx: Transaction,
  head: AuditHead,
  { operation, changes, ...given }: AuditedStep & { readonly step: string },
): AuditHead {
  const { before, after } = given.digests ?? digestsOf(changes);
  const entry: AuditEntry = {
    ...{ sequence: head.sequence + 1, previous: head.hash, step: given.step, at: tx.now },
    // What is no text in UTF-8 would come back from the store as another one.
    actor: Buffer.from(given.actor).toString(),
    ...{ operation, before, after, changes: changesText(changes) },
  };
  tx.create(auditChain, auditIdOf(entry.sequence), entry);
  return { ...head, sequence: entry.sequence, hash: auditHashOf(entry) };
}

/**
 * Begins a new chain behind a broken one, whose entries stay as they are. The first entry says why, and follows nothing.
 * `after` is the largest sequence number that anything of the broken chain has.
 */
export async function beginAuditAnew(
  tx: Transaction,
  { after, reason, ...by }: AuditRestart,
): Promise<void> {
  const [made] = await tx.find(auditChain, { where: { step: by.step }, limit: 1 });
  if (made !== undefined) return;
  const beginning = await beginningOf(tx, reason);
  const root = { sequence: after, hash: NO_HASH, rootSequence: after, rootHash: NO_HASH };
  const first = { ...by, operation: 'audit.restart', ...beginning } as const;
  tx.set(auditHeads, HEAD_ID, add(tx, root, first));
  tx.set(storeParts, AUDIT_MARK, { since: tx.now });
}

interface AuditRestart {
  readonly after: number;
  readonly reason: string;
  readonly actor: string;
  /** Random, drawn outside the transaction. */
  readonly step: string;
}

/**
 * Writes down a step that is done outside the database, before it is done, so that nothing is done without a trace. What is
 * too much for one entry is told in several.
 */
export async function auditAhead(
  store: DocumentStore,
  step: Omit<AuditedStep, 'digests'>,
  random: Random,
): Promise<void> {
  for (const changes of inEntries(step.changes)) {
    const id = randomId(random);
    await store.transact(async (tx) => {
      const audit = await beginAudit(tx, id);
      if (audit.earlier === undefined) audit.append({ ...step, changes });
    });
  }
}

function inEntries(
  changes: readonly ConfigurationChange[],
): readonly (readonly ConfigurationChange[])[] {
  const entries: ConfigurationChange[][] = [[]];
  let bytes = 0;
  for (const change of changes) {
    const more = changesBytes([change]);
    if (bytes > 0 && bytes + more > MAX_CHANGES_BYTES) {
      entries.push([]);
      bytes = 0;
    }
    entries.at(-1)?.push(change);
    bytes += more;
  }
  return entries;
}
