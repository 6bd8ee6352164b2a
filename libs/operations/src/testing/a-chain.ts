import type { Collection, DocumentStore, Transaction } from '@keyserver/docstore';
import { memorySigner } from '@keyserver/export-file/testing';
import { seededRandom } from '@keyserver/random/testing';
import { openTestStore } from '@keyserver/sqlite/testing';
import {
  type AuditCheckpoint,
  type AuditEntry,
  auditAhead,
  auditChain,
  auditCheckpoints,
  auditHeads,
  auditIdOf,
} from '@keyserver/stores';
import { type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import { checkpointAudit } from '../checkpoint-audit.ts';

/** The time at which stores of these tests begin. */
export const NOON = unixMillis(Date.parse('2024-05-01T12:00:00Z'));

/** One source for all, so that no two steps have the same id. */
const random = seededRandom('audit');
/** Who does everything here. */
export const BY = { actor: 'alex', random };
/** What signs checkpoints here. */
export const signer = memorySigner();

/** A store with a chain of a first entry and so many steps. */
export async function aChain(
  steps: number,
  clock: SimulatedClock = simulatedClock(NOON),
): Promise<DocumentStore> {
  const store = await openTestStore({ clock });
  await addSteps(store, steps);
  return store;
}

/** Adds so many steps, in which something is applied. */
export async function addSteps(store: DocumentStore, steps: number): Promise<void> {
  for (let n = 0; n < steps; n++)
    await auditAhead(
      store,
      {
        ...{ actor: 'alex', operation: n % 2 === 0 ? 'time.accept' : 'jobs.run' },
        changes: [{ action: 'change', section: 'exports', id: `us ${String(n)}`, fields: [] }],
      },
      random,
    );
}

/** Signs the end of a chain. */
export async function checkpointed(store: DocumentStore, by = signer): Promise<AuditCheckpoint> {
  const outcome = await checkpointAudit(store, { ...BY, signingKey: 'audit', signer: by });
  if (outcome.kind !== 'signed') throw new Error(`the checkpoint was ${outcome.kind}`);
  return outcome.checkpoint;
}

/** All documents of a collection, by id. */
export async function allOf<D>(store: DocumentStore, of: Collection<D>): Promise<Map<string, D>> {
  const all = new Map<string, D>();
  for await (const page of store.pages(of, {}))
    for (const { id, value } of page) all.set(id, value);
  return all;
}

/** Writes past the audit, as somebody who has the database may. */
export async function tamper(
  store: DocumentStore,
  write: (tx: Transaction) => void,
): Promise<void> {
  await store.transact(async (tx) => {
    write(tx);
    await Promise.resolve();
  });
}

/** Takes away what says where the chain ends. */
export const loseHead = async (store: DocumentStore): Promise<void> => {
  await tamper(store, (tx) => {
    tx.delete(auditHeads, 'head');
  });
};

/** An entry from before there were chains. */
export const EARLIER = { at: 1, actor: 'kim', operation: 'time.reset', changes: [] } as const;

/** Changes one entry, or takes it away. */
export async function changeEntry(
  store: DocumentStore,
  sequence: number,
  change: Partial<AuditEntry> | undefined,
): Promise<void> {
  const id = auditIdOf(sequence);
  const [entry] = await store.get(auditChain, [id]);
  await tamper(store, (tx) => {
    if (change === undefined) tx.delete(auditChain, id);
    else tx.set(auditChain, id, { ...entry!, ...change });
  });
}

/** Changes the checkpoint of one entry, or takes it away. */
export async function changeCheckpoint(
  store: DocumentStore,
  sequence: number,
  change: Partial<AuditCheckpoint> | undefined,
): Promise<void> {
  const id = auditIdOf(sequence);
  const [checkpoint] = await store.get(auditCheckpoints, [id]);
  await tamper(store, (tx) => {
    if (change === undefined) tx.delete(auditCheckpoints, id);
    else tx.set(auditCheckpoints, id, { ...checkpoint!, ...change });
  });
}
