import type { DocumentStore, StorePart } from '@keyserver/docstore';
import { type Random, randomId } from '@keyserver/random';
import { type PartState, beginAudit, stateOfPart, storeParts } from '@keyserver/stores';

/** A part of a store, and whether it belongs to the database. */
export interface ExaminedPart {
  readonly part: StorePart;
  readonly state: PartState;
}

/** Finds out which parts belong to the database of a store; changes nothing. */
export async function examineParts(
  store: DocumentStore,
  storeId: string,
  parts: readonly StorePart[],
): Promise<readonly ExaminedPart[]> {
  const examined: ExaminedPart[] = [];
  for (const part of parts) examined.push({ part, state: await stateOfPart(store, storeId, part) });
  return examined;
}

/**
 * Declares the parts, as they are, to be those of the store. The audit entry and the demand that each part carries the id
 * are written before the ids themselves, so that a command that was killed can simply be run again.
 */
export async function adoptParts(
  store: DocumentStore,
  parts: readonly ExaminedPart[],
  adoption: {
    readonly storeId: string;
    readonly actor: string;
    readonly random: Random;
    /** Acknowledged commits that the database lacks, which the operator accepts. */
    readonly missingCommits: number;
  },
): Promise<void> {
  const { storeId, actor, random, missingCommits } = adoption;
  const id = randomId(random);
  const changes = changesOf(parts, missingCommits);
  await store.transact(async (tx) => {
    const audit = await beginAudit(tx, id);
    if (audit.earlier !== undefined) return;
    audit.append({ actor, operation: 'store.adopt', changes });
    for (const { part } of parts) tx.set(storeParts, part.name, { since: tx.now });
  });
  for (const { part, state } of parts) if (state !== 'present') await part.writeId(storeId);
}

function changesOf(parts: readonly ExaminedPart[], missingCommits: number) {
  const field = (name: string, before: string, after: string) => ({
    ...{ field: name, before, after },
    note: undefined,
  });
  const taken = parts
    .filter(({ state }) => state !== 'present')
    .map(({ part, state }) => field(part.name, state, 'present'));
  const lost =
    missingCommits === 0 ? [] : [field('missingCommits', String(missingCommits), 'accepted')];
  const fields = [...taken, ...lost];
  return [{ action: 'change', section: 'parts', id: 'store', fields } as const];
}
