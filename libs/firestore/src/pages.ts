import {
  type AnyQuery,
  type Collection,
  type Comparable,
  type Cursor,
  type Found,
  type Layout,
  type Query,
  indexFor,
} from '@keyserver/docstore';
import { foundFrom } from './document.ts';
import { OUTSIDE, type StoredDocument, idOf } from './wire.ts';
import { runDeclared } from './reads.ts';
import { type Database, retrying } from './database.ts';
import { nativeOf, storedKind } from './value.ts';

/**
 * A page ends early once it holds so much: 500 documents may be 500 MiB, and beside the page that the caller works on
 * there is the next one. A usual page of 500 uploads is well below.
 */
const MAX_PAGE_BYTES = 8 << 20;

interface Page {
  readonly documents: readonly StoredDocument[];
  /** Ended by size, so that more may follow however few they are. */
  readonly cut: boolean;
}

/** The documents of a query, page by page; the next page is read while the caller works on this one. */
export async function* pagesOf<D>(
  database: Database,
  from: Collection<D>,
  query: Query<D>,
  pageSize: number,
): AsyncGenerator<readonly Found<D>[]> {
  indexFor(from.layout, query);
  let size = pageSize;
  let left = query.limit ?? Infinity;
  let next = readPage(database, from, { ...query, limit: Math.min(size, left) });
  for (;;) {
    const { documents, cut } = await next;
    left -= documents.length;
    const last = documents.at(-1);
    const more = last !== undefined && left > 0 && (cut || documents.length === size);
    if (more) {
      // So many documents fill a page: to ask for more would be to read, and pay for, what is thrown away.
      if (cut) size = documents.length;
      const after = cursorAt(from.layout, query, last);
      next = readPage(database, from, { ...query, after, limit: Math.min(size, left) });
      next.catch(ignoreUntilAwaited);
    }
    if (documents.length > 0) yield documents.map((document) => foundFrom(from, document));
    if (!more) return;
  }
}

const ignoreUntilAwaited = (): void => undefined;

async function readPage<D>(
  database: Database,
  from: Collection<D>,
  query: Query<D>,
): Promise<Page> {
  return await retrying(database, from.layout.name, async () => {
    const documents: StoredDocument[] = [];
    let bytes = 0;
    let cut = false;
    await runDeclared(database.connection, from, { query, reading: OUTSIDE }, (document) => {
      documents.push(document);
      bytes += weigh(document);
      cut = bytes >= MAX_PAGE_BYTES;
      return !cut;
    });
    return { documents, cut };
  });
}

const FIELD_WEIGHT = 64;

/** About the memory that a document takes: only its bytes and texts can be large. */
function weigh({ fields }: StoredDocument): number {
  let bytes = 0;
  for (const value of Object.values(fields)) bytes += FIELD_WEIGHT + weighValue(value);
  return bytes;
}

function weighValue(value: unknown): number {
  const text = nativeOf('text', value);
  if (typeof text === 'string') return text.length;
  const blob = nativeOf('bytes', value);
  if (blob instanceof Uint8Array) return blob.length;
  const items = nativeOf('texts', value);
  return Array.isArray(items) ? items.length * FIELD_WEIGHT : 0;
}

function cursorAt(layout: Layout, query: AnyQuery, document: StoredDocument): Cursor {
  const id = idOf(document);
  const column = layout.fields.find(({ name }) => name === query.order?.by);
  if (column === undefined) return { id };
  const value = nativeOf(storedKind(layout, column), Reflect.get(document.fields, column.name));
  return isComparable(value) ? { id, value } : { id };
}

const isComparable = (value: unknown): value is Comparable =>
  typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean';
