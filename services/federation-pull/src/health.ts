import {
  type FederationQuery,
  PULL_PROBLEMS,
  type QueryStanding,
  isInForce,
  lagOf,
} from '@keyserver/federation';
import { HealthFault, type HealthProbe } from '@keyserver/service';
import { SECOND, type UnixMillis } from '@keyserver/time';

/** What health asks of the queries. */
export interface QueryHealthDeps {
  readonly listQueries: () => Promise<readonly FederationQuery[]>;
  readonly readStandings: (
    ids: readonly string[],
  ) => Promise<readonly (QueryStanding | undefined)[]>;
  /** Store time. */
  readonly now: () => Promise<UnixMillis>;
  /** When this service began, in store time. */
  readonly startedAt: UnixMillis;
  /** How far a query may be behind its partner, ms. */
  readonly lateAfter: number;
}

/** Tells of queries that need an operator, or are further behind than they should be. */
export const queryHealth =
  (deps: QueryHealthDeps): HealthProbe =>
  async () => {
    const [now, all] = await Promise.all([deps.now(), deps.listQueries()]);
    const queries = all.filter((query) => isInForce(query, now));
    const standings = await deps.readStandings(queries.map(({ id }) => id));
    for (const [n, { id }] of queries.entries()) checkQuery(id, standings[n], { ...deps, at: now });
  };

function checkQuery(
  id: string,
  standing: QueryStanding | undefined,
  { startedAt, lateAfter, at }: QueryHealthDeps & { readonly at: UnixMillis },
): void {
  const problem = standing?.problem;
  if (problem !== undefined && PULL_PROBLEMS[problem].stops)
    throw new HealthFault('federation_stopped', `query ${id}: ${PULL_PROBLEMS[problem].sentence}`);
  // A query that never ran counts from when this service could have run it.
  const lag = standing === undefined ? at - startedAt : lagOf(standing, at);
  if (lag > lateAfter)
    throw new HealthFault(
      'federation_late',
      `query ${id} is ${Math.round(lag / SECOND)} s behind its partner: is its job scheduled, and does it succeed?`,
    );
}
