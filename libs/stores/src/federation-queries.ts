import {
  type DocumentOf,
  type DocumentStore,
  bool,
  collection,
  int,
  optional,
  text,
  texts,
} from '@keyserver/docstore';
import type { FederationQuery } from '@keyserver/federation';
import { unixMillis } from '@keyserver/time';

const queryFields = {
  server: text(),
  audience: text(),
  partner: text<FederationQuery['partner']>(),
  includeRegions: texts(),
  excludeRegions: texts(),
  onlyTravelers: bool(),
  onlyLocalProvenance: bool(),
  maxPageKeys: int(),
  acceptSelfReport: bool(),
  acceptRecursive: bool(),
  from: int(),
  thru: optional(int()),
};

/** What is fetched from partners, by the id of the query. They are ended, never removed: stored keys name them. */
export const federationQueries = collection({ name: 'federationQueries', fields: queryFields });

type QueryDocument = DocumentOf<typeof queryFields>;

/** The query of a stored document. */
export const queryOf = (id: string, stored: QueryDocument): FederationQuery => ({
  ...stored,
  id,
  from: unixMillis(stored.from),
  thru: stored.thru === undefined ? undefined : unixMillis(stored.thru),
});

/** A query as its document. */
export function queryDocument(query: FederationQuery): QueryDocument {
  const { id, thru, ...rest } = query;
  return { ...rest, ...(thru === undefined ? {} : { thru }) };
}

/** Finds a query by its id, ended ones too. */
export const findQuery =
  (store: Pick<DocumentStore, 'get'>): ((id: string) => Promise<FederationQuery | undefined>) =>
  async (id) => {
    const [stored] = await store.get(federationQueries, [id]);
    return stored === undefined ? undefined : queryOf(id, stored);
  };

/** Lists all queries, ended ones too, in the order of their ids. */
export const listQueries =
  (store: Pick<DocumentStore, 'pages'>): (() => Promise<readonly FederationQuery[]>) =>
  async () => {
    const queries: FederationQuery[] = [];
    for await (const page of store.pages(federationQueries, {}))
      queries.push(...page.map(({ id, value }) => queryOf(id, value)));
    return queries;
  };
