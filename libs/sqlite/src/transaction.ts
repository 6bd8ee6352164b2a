import {
  type AnyQuery,
  type Collection,
  type Found,
  type Layout,
  MAX_DOCUMENT_BYTES,
  MAX_INDEX_ENTRIES,
  MAX_TRANSACTION_BYTES,
  MAX_WRITES,
  type Query,
  StoreFault,
  type Transaction,
  indexFor,
  writtenSize,
} from '@keyserver/docstore';
import { type UnixMillis, floorTo } from '@keyserver/time';
import type { Connection } from './connection.ts';
import { decoded } from './fault.ts';
import {
  type Put,
  type ReadSet,
  type Request,
  type Row,
  type TimeMending,
  type TransactionRecord,
  type Write,
  indexedFields,
  unpackPage,
  unpackRows,
} from './protocol.ts';

/** One attempt of a transaction: remembers what was read and what is to be written. */
export class Attempt implements Transaction {
  private readonly began: UnixMillis;
  private readonly connection: Connection;
  private readonly numberOf: (layout: Layout) => number;
  private readonly floors: { span: number; value: number }[] = [];
  private readonly documents: ReadSet['documents'][number][] = [];
  private readonly queries: ReadSet['queries'][number][] = [];
  private readonly writes: Write[] = [];
  private changedBytes = 0;

  constructor(of: {
    readonly now: UnixMillis;
    readonly connection: Connection;
    readonly numberOf: (layout: Layout) => number;
  }) {
    this.began = of.now;
    this.connection = of.connection;
    this.numberOf = of.numberOf;
  }

  get now(): UnixMillis {
    if (this.documents.length + this.queries.length === 0)
      throw new TypeError('a transaction knows the time only after its first read');
    return this.began;
  }

  floor(span: number): UnixMillis {
    const value = floorTo(this.now, span);
    this.floors.push({ span, value });
    return value;
  }

  async get<D>(from: Collection<D>, ids: readonly string[]): Promise<readonly (D | undefined)[]> {
    this.readsFirst();
    const collection = this.numberOf(from.layout);
    const rows = await readRows(this.connection, { kind: 'get', collection, ids });
    this.documents.push({ collection, ids, versions: rows.map((row) => row?.version ?? 0) });
    return rows.map((row) =>
      row === undefined ? undefined : decoded(from, row.body, this.connection.at),
    );
  }

  async find<D>(from: Collection<D>, query: Query<D>): Promise<readonly Found<D>[]> {
    this.readsFirst();
    indexFor(from.layout, query);
    const collection = this.numberOf(from.layout);
    const { rows, asOf } = await askRows(this.connection, { kind: 'query', collection, query });
    const found = rows.flatMap((row) => (row === undefined ? [] : [row]));
    const versions = found.map(({ id, version }) => ({ id, version }));
    this.queries.push({ collection, query, found: versions, asOf });
    return found.map((row) => ({ id: row.id, value: decoded(from, row.body, this.connection.at) }));
  }

  create<D>(into: Collection<D>, id: string, value: D): void {
    this.put('create', into, id, value);
  }

  set<D>(into: Collection<D>, id: string, value: D): void {
    this.put('set', into, id, value);
  }

  delete<D>(from: Collection<D>, id: string): void {
    this.write({ kind: 'delete', collection: this.numberOf(from.layout), id });
  }

  /** Whether all reads still hold; nothing is written. */
  async stillHolds(): Promise<boolean> {
    const response = await this.connection.ask({ kind: 'commit', ...this.record(), writes: [] });
    return response.kind === 'committed';
  }

  /** Commits, to mend store time if so, or tells that something it read has changed since. */
  async commit(mending?: TimeMending): Promise<'committed' | 'stale'> {
    const response = await this.connection.ask(
      mending === undefined
        ? { kind: 'commit', ...this.record() }
        : { kind: 'mend-time', as: mending, ...this.record() },
    );
    return response.kind === 'committed' ? 'committed' : 'stale';
  }

  private record(): TransactionRecord {
    const { began: now, floors, documents, queries, writes } = this;
    return { reads: { now, floors, documents, queries }, writes };
  }

  private readsFirst(): void {
    if (this.writes.length > 0)
      throw new StoreFault('refused', 'a transaction reads before it writes');
  }

  private put<D>(kind: 'create' | 'set', into: Collection<D>, id: string, value: D): void {
    const put = putOf(into, value);
    const { document, entries, entryBytes } = writtenSize(into, id, value);
    if (entries > MAX_INDEX_ENTRIES)
      throw new StoreFault(
        'refused',
        `a document of ${into.layout.name} has over 40,000 index entries`,
      );
    this.changedBytes += document + entryBytes;
    if (this.changedBytes > MAX_TRANSACTION_BYTES)
      throw new StoreFault('refused', 'a transaction writes more than 10 MiB');
    this.write({ kind, collection: this.numberOf(into.layout), id, put });
  }

  private write(write: Write): void {
    this.writes.push(write);
    if (this.writes.length > MAX_WRITES)
      throw new StoreFault('refused', 'a transaction has more than 500 writes');
  }
}

/** A document as it is written, with the values that its table keeps beside it. */
function putOf<D>({ layout, codec }: Collection<D>, value: D): Put {
  const body = codec.encode(value);
  if (body.length > MAX_DOCUMENT_BYTES)
    throw new StoreFault('refused', 'a document is larger than 1 MiB');
  const read = (field: string | undefined): unknown =>
    field === undefined ? undefined : codec.read(value, field);
  const array = read(layout.arrayIndex);
  const expires = read(layout.expiry);
  return {
    body,
    indexed: indexedFields(layout)
      .map(read)
      .map((indexed) => (typeof indexed === 'string' ? indexed : Number(indexed))),
    array: Array.isArray(array) ? array.map(Number) : [],
    expires: typeof expires === 'number' ? expires : null,
  };
}

/** The documents of these ids, in their order; undefined where there is none. */
export async function readRows(
  connection: Connection,
  request: Extract<Request, { kind: 'get' }>,
): Promise<(Row | undefined)[]> {
  return (await askRows(connection, request)).rows;
}

/** The documents of a query, without their versions. */
export async function readPage(
  connection: Connection,
  collection: number,
  query: AnyQuery,
): Promise<readonly Pick<Row, 'id' | 'body'>[]> {
  return unpackPage((await connection.askFor('page', { kind: 'page', collection, query })).page);
}

async function askRows(
  connection: Connection,
  request: Extract<Request, { kind: 'get' | 'query' }>,
): Promise<{ readonly rows: (Row | undefined)[]; readonly asOf: number }> {
  const { rows, asOf = 0 } = await connection.askFor('rows', request);
  return { rows: unpackRows(rows), asOf };
}
