import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  type AnyQuery,
  type Codec,
  type Layout,
  StoreFault,
  codecOf,
  indexFor,
} from '@keyserver/docstore';
import {
  type PackedPage,
  type Put,
  type Row,
  type Version,
  indexedFields,
  sameVersions,
} from './protocol.ts';
import type { ArrayIndex } from './array-index.ts';
import { isConstraint, naming } from './fault.ts';
import {
  ROW_COLUMNS,
  type SqlValue,
  arrayOf,
  column,
  conditionsOf,
  integer,
  quoted,
  rowOf,
} from './sql.ts';

interface CompiledQuery {
  readonly sql: string;
  readonly parameters: SqlValue[];
}

/**
 * One collection as a table without row ids. Its first index is the primary key (then the id), so that a range of it lies
 * together on disk, and so that nothing on disk is in the order of arrival but the commit numbers.
 */
export class Table {
  readonly layout: Layout;
  /** All indexed fields, each once, in the order of `Put.indexed`. */
  readonly indexed: readonly string[];
  /** Reads and writes stored documents, of which nothing but the layout is known here. */
  readonly codec: Codec<object>;
  private readonly db: DatabaseSync;
  private readonly name: string;
  private readonly byId: StatementSync;
  private readonly versionById: StatementSync;
  private readonly insert: StatementSync;
  private readonly replace: StatementSync;
  private readonly removeById: StatementSync;
  private readonly array: ArrayIndex | undefined;
  private readonly queries = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, layout: Layout, array?: ArrayIndex) {
    this.db = db;
    this.layout = layout;
    this.name = quoted(layout.name);
    this.indexed = indexedFields(layout);
    this.codec = storedCodec(layout);
    const columns = ['id', 'version', ...this.indexed.map(column), 'expires', 'body'];
    const values = columns.map(() => '?').join(', ');
    this.byId = givingRows(db, `FROM ${this.name} WHERE id = ?`);
    this.versionById = db.prepare(`SELECT version FROM ${this.name} WHERE id = ?`);
    this.insert = db.prepare(`INSERT INTO ${this.name} (${columns.join(', ')}) VALUES (${values})`);
    this.replace = db.prepare(
      `INSERT OR REPLACE INTO ${this.name} (${columns.join(', ')}) VALUES (${values})`,
    );
    this.array = array;
    this.removeById = db.prepare(`DELETE FROM ${this.name} WHERE id = ?`);
  }

  get(id: string): Row | undefined {
    return this.named(() => {
      const found = this.byId.get(id);
      return found === undefined ? undefined : rowOf(found);
    });
  }

  /** The version of a document, 0 when it does not exist. */
  versionOf(id: string): number {
    return this.named(() => {
      const found = this.versionById.get(id);
      return found === undefined ? 0 : integer(found['version']);
    });
  }

  /** Runs a query and gives whole rows. */
  query(query: AnyQuery): Row[] {
    const ids = this.idsOf(query);
    if (ids?.length === 0) return [];
    const { sql, parameters } = this.compile(query, ids);
    return this.named(() =>
      this.rows(sql)
        .all(...parameters)
        .map(rowOf),
    );
  }

  /** Runs a query and gives its documents in one piece. */
  page(query: AnyQuery): PackedPage {
    const { sql, parameters } = this.compile(query, this.idsOf(query));
    return this.named(() => {
      const [ids, lengths, bodies] = arrayOf(this.packed(sql).get(...parameters));
      if (typeof ids !== 'string' || typeof lengths !== 'string')
        throw new Error('the database gives no page here');
      return { ids, lengths, bodies: bodies instanceof Uint8Array ? bodies : NOTHING };
    });
  }

  /** The same query, without the bodies: enough to see whether its result has changed. */
  queryVersions(query: AnyQuery): Version[] {
    const { sql, parameters } = this.compile(query, this.idsOf(query));
    return this.named(() =>
      this.prepared(`SELECT id, version ${sql}`)
        .all(...parameters)
        .map((found) => ({ id: String(found['id']), version: integer(found['version']) })),
    );
  }

  /** Whether a query would find now what it found as of an earlier commit. */
  stillFinds(query: AnyQuery, found: readonly Version[], asOf: number): boolean {
    const values = query.containsAny?.values;
    if (values === undefined || this.array?.mayHaveAdded(values, asOf) !== false)
      return sameVersions(this.queryVersions(query), found);
    return found.every(({ id, version }) => this.versionOf(id) === version);
  }

  create(id: string, put: Put, version: number): void {
    this.named(() => {
      try {
        this.insert.run(id, version, ...put.indexed, put.expires, put.body);
      } catch (error) {
        if (!isConstraint(error)) throw error;
        throw new StoreFault('refused', 'a document to be created exists', { cause: error });
      }
      this.array?.add(id, put.array, version);
    });
  }

  set(id: string, put: Put, version: number): void {
    this.named(() => {
      this.leaveArray(id);
      this.replace.run(id, version, ...put.indexed, put.expires, put.body);
      this.array?.add(id, put.array, version);
    });
  }

  delete(id: string): void {
    this.named(() => {
      this.leaveArray(id);
      this.removeById.run(id);
    });
  }

  private leaveArray(id: string): void {
    const stored = this.array === undefined ? undefined : this.get(id);
    if (stored !== undefined) this.array?.remove(id, stored.body);
  }

  /** What goes wrong with this table says that it was this one. */
  private named<T>(work: () => T): T {
    return naming(this.layout.name, work);
  }

  private idsOf({ containsAny }: AnyQuery): readonly string[] | undefined {
    if (containsAny === undefined) return undefined;
    return this.array?.find(containsAny.values);
  }

  private compile(query: AnyQuery, ids: readonly string[] | undefined): CompiledQuery {
    const index = indexFor(this.layout, query);
    const { where, values } = conditionsOf(query, ids);
    const from = `${this.name}${hint(index, this.layout)}`;
    const order = query.order === undefined ? 'id' : `${column(query.order.by)}, id`;
    const sql = `FROM ${from}${where} ORDER BY ${order} LIMIT ?`;
    return { sql, parameters: [...values, query.limit ?? -1] };
  }

  /** A statement that gives whole rows of what `from` says. */
  private rows(from: string): StatementSync {
    return this.kept(from, () => givingRows(this.db, from));
  }

  /** A statement that gives all documents of what `from` says as one row: many rows cost more than what is in them. */
  private packed(from: string): StatementSync {
    return this.kept(`packed ${from}`, () =>
      givingArrays(this.db, `${PACKED} (SELECT id, body ${from})`),
    );
  }

  private prepared(sql: string): StatementSync {
    return this.kept(sql, () => this.db.prepare(sql));
  }

  private kept(sql: string, prepare: () => StatementSync): StatementSync {
    const known = this.queries.get(sql);
    if (known !== undefined) return known;
    const statement = prepare();
    this.queries.set(sql, statement);
    return statement;
  }
}

// A cast to text changes no byte of a blob, and group_concat joins texts whatever bytes they have, zeros too.
const PACKED = `SELECT json_group_array(id), json_group_array(length(body)),
  CAST(group_concat(CAST(body AS TEXT), '') AS BLOB) FROM`;
const NOTHING = new Uint8Array(0);

const givingRows = (db: DatabaseSync, from: string): StatementSync =>
  givingArrays(db, `SELECT ${ROW_COLUMNS} ${from}`);

function givingArrays(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

/** Reads and writes the documents of a layout, without a look at what `json` fields mean. */
export const storedCodec = (layout: Layout): Codec<object> =>
  codecOf(
    Object.fromEntries(layout.fields.map((field) => [field.name, { ...field, parse: asStored }])),
  );

const asStored = (value: unknown): unknown => value;

const indexName = (layout: Layout, index: readonly string[]): string =>
  quoted(`${layout.name}_${index.join('_')}`);

/** Names the index of a query, except where it is the table itself (the first one) or the ids. */
const hint = (index: readonly string[] | 'array', layout: Layout): string =>
  index === 'array' || index.length === 0 || index === layout.indexes[0]
    ? ''
    : ` INDEXED BY ${indexName(layout, index)}`;

const typeOf = (layout: Layout, field: string): string =>
  layout.fields.find(({ name }) => name === field)?.kind === 'text' ? 'TEXT' : 'INTEGER';

/** The statements that make a collection's table. */
export function schemaOf(layout: Layout): string[] {
  const name = quoted(layout.name);
  const [first, ...others] = layout.indexes;
  const key = [...(first ?? []).map(column), 'id'].join(', ');
  const columns = indexedFields(layout).map(
    (field) => `${column(field)} ${typeOf(layout, field)} NOT NULL,`,
  );
  return [
    `CREATE TABLE ${name} (id TEXT NOT NULL, version INTEGER NOT NULL, ${columns.join(' ')} expires INTEGER,
     body BLOB NOT NULL, PRIMARY KEY (${key})) WITHOUT ROWID`,
    ...(first === undefined
      ? []
      : [`CREATE UNIQUE INDEX ${quoted(`${layout.name}#id`)} ON ${name} (id)`]),
    ...others.map(
      (index) =>
        `CREATE INDEX ${indexName(layout, index)} ON ${name} (${[...index.map(column), 'id'].join(', ')})`,
    ),
  ];
}
