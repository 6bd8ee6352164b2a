import type { Transaction } from '@keyserver/docstore';
import { SECOND, type UnixMillis } from '@keyserver/time';
import {
  type PositionDocument,
  federationPositions,
  federationSyncs,
  stateFields,
} from './federation-positions.ts';
import { endDead } from './federation-sync.ts';
import { type Step, after } from './undo-cuts.ts';

/** Runs of one query that are looked at; a query that ran more often ahead of time begins anew as well. */
const MOST_RUNS = 300;

const BEGINNING = { timestamp: 0, token: '' };

/** Whether a query has come past the present: its partner has given it a time that has not come here. */
const isPast = (position: PositionDocument, now: UnixMillis): boolean =>
  Math.max(position.keyTimestamp ?? 0, position.revisedTimestamp ?? 0) * SECOND > now;

/** Whether the position of any query lies past the present. */
export async function isAnyQueryAhead(tx: Transaction): Promise<boolean> {
  return (await tx.find(federationPositions, {})).some(({ value }) => isPast(value, tx.now));
}

/**
 * Lets the next query begin at the beginning that may have passed over keys, because store time was ahead: its position lies past the present, or
 * a run of it left out keys as too old. What is stored is known, so that costs time alone; a position in between is nobody's to
 * choose, since only the partner knows what its states mean.
 */
export const bringBackQueries: Step = async (tx, place) => {
  const [found] = await tx.find(federationPositions, { ...after(place), limit: 1 });
  if (found === undefined) return { removed: 0, next: undefined };
  const { id, value } = found;
  const next = { id };
  if (hasState(value) && (isPast(value, tx.now) || (await hasLeftOut(tx, id)))) {
    await endDead(tx, value); // a run that is under way can store nothing more
    tx.set(federationPositions, id, {
      ...value,
      ...stateFields({ keys: BEGINNING, revisions: BEGINNING }),
      ...{ more: false, sync: '', chunk: '' },
    });
  }
  return { removed: 0, next };
};

const hasState = ({ keyTimestamp, keyToken, revisedTimestamp, revisedToken }: PositionDocument) =>
  [keyTimestamp ?? 0, revisedTimestamp ?? 0].some((time) => time !== 0) ||
  [keyToken ?? '', revisedToken ?? ''].some((token) => token !== '');

/** Whether a run that began past the present left out keys as too old: by the right time they may not be. */
async function hasLeftOut(tx: Transaction, queryId: string): Promise<boolean> {
  const order = { by: 'startedAt', from: tx.now + 1 } as const;
  const runs = await tx.find(federationSyncs, { where: { queryId }, order, limit: MOST_RUNS });
  const leftOut = runs.some(({ value }) =>
    value.rejects.some(({ reason }) => reason === 'too_old'),
  );
  return leftOut || runs.length === MOST_RUNS;
}
