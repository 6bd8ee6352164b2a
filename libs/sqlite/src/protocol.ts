import type { AnyQuery, FaultDetails, Layout, StoreFaultCode } from '@keyserver/docstore';

/** A document, and the number of the commit that wrote it. */
export interface Version {
  readonly id: string;
  readonly version: number;
}

/** A document as it lies in a table. */
export interface Row extends Version {
  readonly body: Uint8Array;
}

/** Whether two results are the same documents, unchanged and in the same order. */
export const sameVersions = (some: readonly Version[], others: readonly Version[]): boolean =>
  some.length === others.length &&
  some.every(({ id, version }, n) => id === others[n]?.id && version === others[n].version);

/** What a transaction read; it may commit only while all of it still holds. */
export interface ReadSet {
  /** The store time that the transaction was told; store time is moved up to it when it commits. */
  readonly now: number;
  readonly floors: readonly { readonly span: number; readonly value: number }[];
  /** Version 0 stands for a document that does not exist. */
  readonly documents: readonly {
    readonly collection: number;
    readonly ids: readonly string[];
    readonly versions: readonly number[];
  }[];
  readonly queries: readonly {
    readonly collection: number;
    readonly query: AnyQuery;
    readonly found: readonly Version[];
    /** The last commit that a search by array could see; 0 for other queries. */
    readonly asOf: number;
  }[];
}

/** A document to be written: its bytes, the values of its indexed fields in layout order and of its indexed array. */
export interface Put {
  readonly body: Uint8Array;
  readonly indexed: readonly (number | string)[];
  readonly array: readonly number[];
  readonly expires: number | null;
}

/** All indexed fields of a collection, each once: the order of `Put.indexed`. */
export const indexedFields = (layout: Layout): readonly string[] => [
  ...new Set(layout.indexes.flat()),
];

/** A change of one document. */
export type Write = { readonly collection: number; readonly id: string } & (
  | { readonly kind: 'create'; readonly put: Put }
  | { readonly kind: 'set'; readonly put: Put }
  | { readonly kind: 'delete' }
);

/** A transaction that wants to commit: what it read, and what it writes. */
export interface TransactionRecord {
  readonly reads: ReadSet;
  readonly writes: readonly Write[];
}

/** What the store asks of its engine. */
export type Request =
  | { readonly kind: 'declare'; readonly collection: number; readonly layout: Layout }
  | { readonly kind: 'get'; readonly collection: number; readonly ids: readonly string[] }
  | { readonly kind: 'query'; readonly collection: number; readonly query: AnyQuery }
  | { readonly kind: 'page'; readonly collection: number; readonly query: AnyQuery }
  | ({ readonly kind: 'commit' } & TransactionRecord)
  | { readonly kind: 'delete-some'; readonly collection: number; readonly query: AnyQuery }
  | { readonly kind: 'now' }
  | { readonly kind: 'certain-time' }
  | { readonly kind: 'time-report' }
  | ({ readonly kind: 'mend-time'; readonly as: TimeMending } & TransactionRecord)
  | { readonly kind: 'close' };

/** Rows on their way between threads: all bodies in one buffer, which is transferred, not copied. */
export interface PackedRows {
  readonly ids: readonly (string | null)[];
  readonly versions: readonly number[];
  readonly lengths: readonly number[];
  readonly bodies: Uint8Array;
}

/** A page of documents on its way between threads, as the database packs it. */
export interface PackedPage {
  /** JSON arrays of the ids and of the lengths of the bodies. */
  readonly ids: string;
  readonly lengths: string;
  /** All bodies, one after another; transferred, not copied. */
  readonly bodies: Uint8Array;
}

/** What the engine answers to a request. */
export type Response =
  | { readonly kind: 'rows'; readonly rows: PackedRows; readonly asOf?: number }
  | { readonly kind: 'page'; readonly page: PackedPage }
  | { readonly kind: 'committed' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'time' }
  | { readonly kind: 'time-report'; readonly report: TimeReport }
  | { readonly kind: 'certain-time'; readonly certain: number | undefined }
  | { readonly kind: 'done' }
  | {
      readonly kind: 'fault';
      readonly reason: StoreFaultCode;
      readonly message: string;
      readonly details: FaultDetails;
    };

/** What a store and the clock of its machine say about time. */
export interface TimeReport {
  /** What the clock of this machine shows. */
  readonly wall: number;
  /** The latest store time that anybody was given. */
  readonly mark: number;
  /** Why the clock is doubted, in a sentence; undefined when it is believed. */
  readonly doubt: string | undefined;
  /** What mends it when the clock is right all the same. */
  readonly remedy: 'accept' | 'reset' | undefined;
}

/**
 * How an operator mends time: `accept` believes the clock of this machine, `reset` also brings store time back to it. What a
 * reset removes beforehand, in steps, is committed as `prepare-reset`, which leaves store time as it is.
 */
export type TimeMending = 'accept' | 'reset' | 'prepare-reset';

/** What a store does for itself: keep watch over the clock, delete what has expired. */
export type HousekeepingTask = 'time' | 'sweep';

/** A piece of housekeeping that did not succeed when it was last tried. */
export interface HousekeepingFault {
  readonly task: HousekeepingTask;
  /** The collection that it was about; empty for the store as a whole. */
  readonly collection: string;
  /** SQLite's extended result code; 0 for anything else. */
  readonly code: number;
}

/**
 * How many requests or responses one message carries at most. Fewer messages cost less. With all of them in one, each thread
 * would wait while the other works through it.
 */
export const MESSAGE_SIZE = 16;

/** A request, and the number by which its response is found. */
export interface RequestMessage {
  readonly id: number;
  readonly request: Request;
}

/** The response to the request of the same number. */
export interface ResponseMessage {
  readonly id: number;
  readonly response: Response;
}

/** What an engine tells of itself, unasked. */
export interface EngineEvents {
  /** All housekeeping that fails, when that has changed. */
  readonly housekeeping?: readonly HousekeepingFault[];
  /** The array indexes were made anew, with so many entries. */
  readonly arraysMade?: number;
}

/** One message of the engine: responses, and the latest store time that it saw. */
export interface EngineMessage extends EngineEvents {
  readonly time: number;
  readonly responses: readonly ResponseMessage[];
}

/** What an engine is started with. */
export interface EngineSettings {
  readonly file: string;
  /** Memory of a simulated clock; the machine's clock without it. */
  readonly clock: SharedArrayBuffer | undefined;
  /** Pause between two steps of housekeeping, ms. */
  readonly housekeepingEvery: number;
  /** Whether housekeeping deletes what has expired. */
  readonly sweeps: boolean;
  /** How long a request tries to get the write lock, ms. */
  readonly giveUpAfter: number;
  /** How much of each file is read through a memory map at most; see SqliteSettings. */
  readonly mappedBytes?: number | undefined;
}

/** Packs rows (undefined: no such document) for the way to the main thread. */
export function packRows(rows: readonly (Row | undefined)[]): PackedRows {
  const lengths = rows.map((row) => row?.body.length ?? 0);
  const bodies = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const row of rows) {
    if (row === undefined) continue;
    bodies.set(row.body, at);
    at += row.body.length;
  }
  return {
    ids: rows.map((row) => row?.id ?? null),
    versions: rows.map((row) => row?.version ?? 0),
    lengths,
    bodies,
  };
}

/** The rows that were packed; bodies are views into the one buffer. */
export function unpackRows(packed: PackedRows): (Row | undefined)[] {
  let at = 0;
  return packed.ids.map((id, n) => {
    const length = packed.lengths[n] ?? 0;
    const body = packed.bodies.subarray(at, at + length);
    at += length;
    return id === null ? undefined : { id, version: packed.versions[n] ?? 0, body };
  });
}

/** The documents of a page; bodies are views into the one buffer. */
export function unpackPage({ ids, lengths, bodies }: PackedPage): Pick<Row, 'id' | 'body'>[] {
  const each: unknown = JSON.parse(lengths);
  const names: unknown = JSON.parse(ids);
  if (!Array.isArray(each) || !Array.isArray(names)) throw new Error('a page has no rows');
  let at = 0;
  return names.map((id, n) => {
    const from = at;
    at += Number(each[n]);
    return { id: String(id), body: bodies.subarray(from, at) };
  });
}
