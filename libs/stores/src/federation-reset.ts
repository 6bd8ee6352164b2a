import type { DocumentStore } from '@keyserver/docstore';
import type { PartnerState } from '@keyserver/federation';
import { type Random, randomId } from '@keyserver/random';
import { SECOND, type UnixMillis } from '@keyserver/time';
import type { ConfigurationChange } from './audit.ts';
import { beginAudit } from './audit-chain.ts';
import { sha256 } from './audit-entry.ts';
import {
  type PositionDocument,
  federationPositions,
  stateFields,
  stateOf,
  withoutProblem,
} from './federation-positions.ts';
import { federationQueries } from './federation-queries.ts';
import { endDead } from './federation-sync.ts';

/** What became of a reset: where, in Unix seconds, the query goes on, or why not. */
type ResetOutcome =
  | { readonly kind: 'reset'; readonly from: number }
  | { readonly kind: 'no query' }
  /** There is no position, and no time was given to begin at. */
  | { readonly kind: 'no position' }
  /** The time has not come: keys until then would never be asked for. */
  | { readonly kind: 'in the future' };

/**
 * Lets a query go on without the tokens of its partner, from the time where it stopped or from another, in one audited step. Its
 * pause and its problem are forgotten. Keys that are fetched again are known, so going back costs time alone.
 */
export async function resetQuery(
  store: DocumentStore,
  { queryId, from }: { readonly queryId: string; readonly from: number | undefined },
  { actor, random }: { readonly actor: string; readonly random: Random },
): Promise<ResetOutcome> {
  const auditId = randomId(random);
  return await store.transact(async (tx) => {
    const [query] = await tx.get(federationQueries, [queryId]);
    const [position] = await tx.get(federationPositions, [queryId]);
    const audit = await beginAudit(tx, auditId);
    if (query === undefined) return { kind: 'no query' };
    const refusal = refusalOf(position, from, tx.now);
    if (refusal !== undefined) return { kind: refusal };
    const before = position && stateOf(position);
    if (audit.earlier !== undefined) return { kind: 'reset', from: before?.keys.timestamp ?? 0 };
    const { keys, revisions } = stateAt(from, before);
    await endDead(tx, position); // a run that is under way can store nothing more
    const next: PositionDocument = {
      ...withoutProblem(position ?? { ...NEW, begunAt: tx.now }),
      ...stateFields({ keys, revisions }),
      ...{ server: query.server, more: false, sync: '', chunk: '' },
    };
    tx.set(federationPositions, queryId, next);
    audit.append({
      ...{ actor, operation: 'federation.reset' },
      changes: [changeOf(queryId, before?.keys.timestamp, keys.timestamp)],
      digests: { before: digestOf(position), after: digestOf(next) },
    });
    return { kind: 'reset', from: keys.timestamp };
  });
}

function refusalOf(
  position: PositionDocument | undefined,
  from: number | undefined,
  now: UnixMillis,
): 'no position' | 'in the future' | undefined {
  if (from === undefined) return position === undefined ? 'no position' : undefined;
  return from * SECOND > now ? 'in the future' : undefined;
}

/** A state without tokens: at a time, or where the one before was. */
const stateAt = (from: number | undefined, before: PartnerState | undefined): PartnerState => ({
  keys: { timestamp: from ?? startOf(before?.keys.timestamp ?? 0), token: '' },
  revisions: { timestamp: from ?? startOf(before?.revisions.timestamp ?? 0), token: '' },
});

/**
 * A second earlier. A server of this kind says that it has delivered a part of a unit by a second that is added to its start, and
 * without a token it refuses to go on within a unit that is larger than a page. What comes before the unit is known.
 */
const startOf = (timestamp: number): number => (timestamp > 0 ? timestamp - 1 : timestamp);

const changeOf = (id: string, before: number | undefined, after: number): ConfigurationChange => ({
  ...{ action: 'change', section: 'queries', id },
  fields: [
    {
      ...{ field: 'timestamp', note: undefined },
      before: before === undefined ? undefined : String(before),
      after: String(after),
    },
  ],
});

/** Of the whole position, with the tokens, which the changes do not show. */
const digestOf = (position: PositionDocument | undefined): string =>
  sha256(position === undefined ? '' : JSON.stringify(Object.entries(position).toSorted()));

const NEW: Omit<PositionDocument, 'begunAt'> = {
  ...{ sync: '', chunk: '', more: false, failures: 0, notBefore: 0 },
};
