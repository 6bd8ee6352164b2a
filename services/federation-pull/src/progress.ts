import { isInForce, lagOf } from '@keyserver/federation';
import { configuredId } from '@keyserver/log';
import type { ReadProgress } from '@keyserver/service';
import { unixMillis } from '@keyserver/time';
import type { QueryHealthDeps } from './health.ts';

/** Tells where each query in force stands with its partner; one that never ran stands where it begins. */
export const queryProgress =
  ({
    listQueries,
    readStandings,
    now,
  }: Pick<QueryHealthDeps, 'listQueries' | 'readStandings' | 'now'>): ReadProgress =>
  async (tell) => {
    const [at, all] = await Promise.all([now(), listQueries()]);
    const queries = all.filter((query) => isInForce(query, at));
    const standings = await readStandings(queries.map(({ id }) => id));
    for (const [n, query] of queries.entries()) {
      const standing = standings[n];
      const since = standing === undefined ? query.from : unixMillis(at - lagOf(standing, at));
      tell(
        'keyserver_federation_caught_up_timestamp_seconds',
        { query: configuredId(query) },
        since,
      );
    }
  };
