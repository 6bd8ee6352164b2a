import {
  type DocumentOf,
  type DocumentStore,
  bool,
  collection,
  int,
  json,
  optional,
  text,
} from '@keyserver/docstore';
import {
  type PartnerState,
  type QueryStanding,
  REJECT_FIELDS,
  REJECT_REASONS,
  type RejectCount,
  type SyncRecord,
  pullProblemOf,
} from '@keyserver/federation';
import { DAY, type UnixMillis, unixMillis } from '@keyserver/time';
import { JOB_GRACE } from './job-grace.ts';
import { array, integer, member, record, textOf } from './stored-json.ts';

const positionFields = {
  sync: text(),
  chunk: text(),
  server: optional(text()),
  keyTimestamp: optional(int()),
  keyToken: optional(text()),
  revisedTimestamp: optional(int()),
  revisedToken: optional(text()),
  more: bool(),
  begunAt: int(),
  caughtUpAt: optional(int()),
  failures: int(),
  notBefore: int(),
  problem: optional(text()),
};

/** Where each query stopped, by its id. Never deleted: without it a run would not know that it is not the first. */
export const federationPositions = collection({
  name: 'federationPositions',
  fields: positionFields,
});

/** A stored position. */
export type PositionDocument = DocumentOf<typeof positionFields>;

/** The state that a position holds; undefined before the first answer. */
export const stateOf = (stored: PositionDocument): PartnerState | undefined =>
  stored.keyTimestamp === undefined || stored.revisedTimestamp === undefined
    ? undefined
    : {
        keys: { timestamp: stored.keyTimestamp, token: stored.keyToken ?? '' },
        revisions: { timestamp: stored.revisedTimestamp, token: stored.revisedToken ?? '' },
      };

/** The fields of a position that hold a state. */
export const stateFields = ({
  keys,
  revisions,
}: PartnerState): Pick<
  PositionDocument,
  'keyTimestamp' | 'keyToken' | 'revisedTimestamp' | 'revisedToken'
> => ({
  keyTimestamp: keys.timestamp,
  keyToken: keys.token,
  revisedTimestamp: revisions.timestamp,
  revisedToken: revisions.token,
});

/** A position without what only a problem says. */
export function withoutProblem({ problem: _, ...position }: PositionDocument): PositionDocument {
  return { ...position, failures: 0, notBefore: 0 };
}

/** Where a query stands. */
export const standingOf = (stored: PositionDocument): QueryStanding => ({
  state: stateOf(stored),
  begunAt: unixMillis(stored.begunAt),
  caughtUpAt: stored.caughtUpAt === undefined ? undefined : unixMillis(stored.caughtUpAt),
  failures: stored.failures,
  notBefore: unixMillis(stored.notBefore),
  problem: pullProblemOf(stored.problem),
});

/** Where queries stand, in the order of the ids; undefined for one that never ran. One that ran and has no position lost it. */
export async function readStandings(
  store: Pick<DocumentStore, 'get' | 'pages'>,
  ids: readonly string[],
): Promise<readonly (QueryStanding | undefined)[]> {
  const stored = await store.get(federationPositions, ids);
  return await Promise.all(
    ids.map(async (id, n) => {
      const position = stored[n];
      return position === undefined ? await lostStanding(store, id) : standingOf(position);
    }),
  );
}

async function lostStanding(
  store: Pick<DocumentStore, 'pages'>,
  queryId: string,
): Promise<QueryStanding | undefined> {
  const [first] = await readSyncs(store, queryId, unixMillis(0));
  return (
    first && {
      ...{ state: undefined, begunAt: first.startedAt, caughtUpAt: undefined },
      ...{ failures: 0, notBefore: unixMillis(0), problem: 'position_lost' },
    }
  );
}

/** For how long the record of a run is kept. */
export const SYNC_RETENTION = 14 * DAY;

const syncFields = {
  queryId: text(),
  startedAt: int(),
  endedAt: optional(int()),
  outcome: text<SyncRecord['outcome']>(),
  pages: int(),
  inserted: int(),
  revised: int(),
  known: int(),
  rejects: json((stored): readonly RejectCount[] => array(stored).map(rejectOf)),
  expireAt: int(),
};

/** One document for each run of a query: what it received, and how it ended. */
export const federationSyncs = collection({
  name: 'federationSyncs',
  fields: syncFields,
  indexes: [['queryId', 'startedAt'], ['expireAt']],
  expiry: 'expireAt',
  grace: JOB_GRACE,
});

/** A stored record of a run. */
export type SyncDocument = DocumentOf<typeof syncFields>;

function rejectOf(stored: Parameters<typeof record>[0]): RejectCount {
  const json = record(stored);
  const field = REJECT_FIELDS.find((known) => known === textOf(member(json, 'field')));
  const reason = textOf(member(json, 'reason'));
  if (field === undefined || !isReason(reason))
    throw new Error('stored record of a run with an unknown reject');
  return { field, reason, count: integer(member(json, 'count')) };
}

const isReason = (word: string): word is RejectCount['reason'] =>
  Object.hasOwn(REJECT_REASONS, word);

/** The runs of a query that began since a time, oldest first. */
export async function readSyncs(
  store: Pick<DocumentStore, 'pages'>,
  queryId: string,
  since: UnixMillis,
): Promise<readonly SyncRecord[]> {
  const records: SyncRecord[] = [];
  const query = { where: { queryId }, order: { by: 'startedAt', from: since } } as const;
  for await (const page of store.pages(federationSyncs, query))
    records.push(
      ...page.map(({ id, value: { queryId: _query, expireAt: _expiry, ...rest } }) => ({
        ...rest,
        id,
        startedAt: unixMillis(rest.startedAt),
        endedAt: rest.endedAt === undefined ? undefined : unixMillis(rest.endedAt),
      })),
    );
  return records;
}
