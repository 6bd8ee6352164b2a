import type { AnyQuery, FaultDetails, Layout, StoreFaultCode } from '@keyserver/docstore';
import type { HeldBack } from './held-back.ts';
import type { HousekeepingFault } from './housekeeping-fault.ts';
import type { TimeMending, TimeReport } from './time-report.ts';

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

export type Write = { readonly collection: number; readonly id: string } & (
  | { readonly kind: 'create'; readonly put: Put }
  | { readonly kind: 'set'; readonly put: Put }
  | { readonly kind: 'delete' }
);

/** What the store asks of its worker thread. */
export type Request =
  | { readonly kind: 'declare'; readonly collection: number; readonly layout: Layout }
  | { readonly kind: 'get'; readonly collection: number; readonly ids: readonly string[] }
  | { readonly kind: 'query'; readonly collection: number; readonly query: AnyQuery }
  | { readonly kind: 'page'; readonly collection: number; readonly query: AnyQuery }
  | { readonly kind: 'commit'; readonly reads: ReadSet; readonly writes: readonly Write[] }
  | { readonly kind: 'delete-some'; readonly collection: number; readonly query: AnyQuery }
  | { readonly kind: 'now' }
  | { readonly kind: 'hold-back'; readonly held: readonly HeldBack[] | 'unknown' }
  | { readonly kind: 'time-report' }
  | {
      readonly kind: 'mend-time';
      readonly as: TimeMending;
      readonly reads: ReadSet;
      readonly writes: readonly Write[];
    }
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

/** What the worker answers; `time` is store time as far as it is known. */
export type Answer =
  | { readonly kind: 'rows'; readonly rows: PackedRows; readonly asOf?: number }
  | { readonly kind: 'page'; readonly page: PackedPage }
  | { readonly kind: 'committed' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'time' }
  | { readonly kind: 'time-report'; readonly report: TimeReport }
  | { readonly kind: 'done' }
  | {
      readonly kind: 'fault';
      readonly reason: StoreFaultCode;
      readonly message: string;
      readonly details: FaultDetails;
    };

/**
 * Requests or answers in one message. Fewer messages cost less, but with all of them in one, each thread would wait while the
 * other works through it.
 */
export const MESSAGE_SIZE = 16;

export interface Asked {
  readonly ticket: number;
  readonly request: Request;
}

export interface Answered {
  readonly ticket: number;
  readonly answer: Answer;
}

/** What an engine tells of itself, unasked. */
export interface EngineNews {
  /** All housekeeping that fails, when that has changed. */
  readonly housekeeping?: readonly HousekeepingFault[];
  /** The array indexes were made anew, with so many entries. */
  readonly arraysMade?: number;
}

/** One message of the worker: answers, and the latest store time that it saw. */
export interface Delivery extends EngineNews {
  readonly time: number;
  readonly answers: readonly Answered[];
}

/** What the worker is started with. */
export interface WorkerSettings {
  readonly file: string;
  /** Memory of a simulated clock; the machine's clock without it. */
  readonly clock: SharedArrayBuffer | undefined;
  /** Pause between two steps of housekeeping, ms. */
  readonly housekeepingEvery: number;
  /** How long a request tries to get the write lock, ms. */
  readonly giveUpAfter: number;
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
