import {
  type AnyQuery,
  type Collection,
  type Found,
  type Query,
  indexFor,
} from '@keyserver/docstore';
import type { Connection } from './connection.ts';
import { foundFrom, valueFrom } from './document.ts';
import { incomplete } from './failure.ts';
import { structuredQuery } from './query-request.ts';
import { OUTSIDE, type Reading, type StoredDocument } from './wire.ts';

const CHUNK = 300;

/** Whether a query can have no result, so that Firestore, which refuses such queries, need not be asked. */
const isEmptyQuery = (query: AnyQuery): boolean =>
  query.limit === 0 || query.containsAny?.values.length === 0;

/** Reads documents by id, in the order of the ids; what has no document is undefined. */
export async function getAll<D>(
  connection: Connection,
  from: Collection<D>,
  of: { readonly ids: readonly string[]; readonly reading: Reading },
): Promise<readonly (D | undefined)[]> {
  const names = of.ids.map((id) => connection.names.find(from.layout.name, id));
  const wanted = [...new Set(names.flatMap((name) => name ?? []))];
  const answered = await readNamed(connection, wanted, {
    fields: from.only,
    reading: of.reading,
  });
  return names.map((name) => {
    const document = name === undefined ? undefined : answered.get(name);
    return document === undefined ? undefined : valueFrom(from, document);
  });
}

/** Those of these names under which there is a document. */
export async function existing(
  connection: Connection,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const answered = await readNamed(connection, names, { fields: [], reading: OUTSIDE });
  return new Set(names.filter((name) => answered.get(name) !== undefined));
}

async function readNamed(
  connection: Connection,
  names: readonly string[],
  of: { readonly fields: readonly string[] | undefined; readonly reading: Reading },
): Promise<ReadonlyMap<string, StoredDocument | undefined>> {
  const answered = new Map<string, StoredDocument | undefined>();
  for (let at = 0; at < names.length; at += CHUNK)
    await connection.batchGet(names.slice(at, at + CHUNK), of, ({ document, missing }) => {
      const name = document?.name ?? missing;
      if (name !== undefined) answered.set(name, document);
      return true;
    });
  // Silence about a document would be taken for its absence, and a stored key for a new one.
  if (answered.size < names.length) throw incomplete();
  return answered;
}

/** Runs a query to its end. */
export async function findAll<D>(
  connection: Connection,
  from: Collection<D>,
  of: { readonly query: Query<D>; readonly reading: Reading },
): Promise<readonly Found<D>[]> {
  const found: StoredDocument[] = [];
  await runDeclared(connection, from, of, (document) => {
    found.push(document);
    return true;
  });
  return found.map((document) => foundFrom(from, document));
}

/** Runs a query on its declared index and hands over its documents until `take` wants no more. */
export async function runDeclared<D>(
  connection: Connection,
  from: Collection<D>,
  of: { readonly query: Query<D>; readonly reading: Reading },
  take: (document: StoredDocument) => boolean,
): Promise<void> {
  indexFor(from.layout, of.query);
  if (isEmptyQuery(of.query)) return;
  const request = structuredQuery(connection.names, from.layout, of.query, from.only);
  await connection.runQuery(request, of.reading, ({ document }) =>
    document === undefined ? true : take(document),
  );
}
