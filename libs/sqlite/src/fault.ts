import {
  type Codec,
  type FaultDetails,
  type Layout,
  StoreFault,
  type StoreFaultCode,
} from '@keyserver/docstore';
import type { Timers } from '@keyserver/time';
import type { Response } from './protocol.ts';

interface Meaning {
  readonly name: string;
  readonly reason: StoreFaultCode;
}

/** SQLite's primary result codes that a database of ours may meet. https://www.sqlite.org/rescode.html */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  // Our statements are fixed, so one that makes no sense has met a table that is not what it was.
  [1, { name: 'SQLITE_ERROR', reason: 'damaged' }],
  [3, { name: 'SQLITE_PERM', reason: 'unavailable' }],
  [5, { name: 'SQLITE_BUSY', reason: 'contended' }],
  [6, { name: 'SQLITE_LOCKED', reason: 'contended' }],
  [7, { name: 'SQLITE_NOMEM', reason: 'unavailable' }],
  [8, { name: 'SQLITE_READONLY', reason: 'unavailable' }],
  [10, { name: 'SQLITE_IOERR', reason: 'unavailable' }],
  [11, { name: 'SQLITE_CORRUPT', reason: 'damaged' }],
  [13, { name: 'SQLITE_FULL', reason: 'full' }],
  [14, { name: 'SQLITE_CANTOPEN', reason: 'unavailable' }],
  [19, { name: 'SQLITE_CONSTRAINT', reason: 'damaged' }],
  [26, { name: 'SQLITE_NOTADB', reason: 'damaged' }],
]);

/** SQLITE_IOERR_SHMSIZE: the shared index of the write-ahead file could not grow, which a full disk is the usual reason for. */
const NO_ROOM_FOR_SHARED_MEMORY = 4874;

/** Whatever went wrong with the database as a fault that names SQLite's code and its text for it. */
export function storeFaultOf(
  error: unknown,
  otherwise: StoreFaultCode = 'unavailable',
): StoreFault {
  if (error instanceof StoreFault) return error;
  const number = codeOf(error);
  const message = error instanceof Error ? error.message : 'unknown fault';
  if (number === undefined) return new StoreFault(otherwise, message, { cause: error });
  const meaning = MEANINGS.get(primaryCode(number));
  const reason = number === NO_ROOM_FOR_SHARED_MEMORY ? 'full' : meaning?.reason;
  const details = { code: meaning?.name ?? 'SQLITE', number, ...textOf(error) };
  return new StoreFault(reason ?? 'unavailable', message, { cause: error, details });
}

/** Runs work on a collection, table or index. A fault in it says which one; one that SQLite does not know is in what is stored. */
export function naming<T>(object: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const fault = storeFaultOf(error, 'damaged');
    throw fault.details.object === undefined ? withDetails(fault, { object }) : fault;
  }
}

/** A document of a collection; bytes that are none are a damage of the store. */
export function decoded<D>(
  from: { readonly layout: Layout; readonly codec: Pick<Codec<D>, 'decode'> },
  body: Uint8Array,
  where: Pick<FaultDetails, 'path'> = {},
): D {
  try {
    return from.codec.decode(body);
  } catch (cause) {
    const details = { object: from.layout.name, ...where };
    throw new StoreFault('damaged', 'a stored document cannot be read', { cause, details });
  }
}

/** A fault as the engine answers it. */
export function faultResponse(error: unknown): Response {
  const { code: reason, message, details } = storeFaultOf(error);
  return { kind: 'fault', reason, message, details };
}

/** Whether a fault says that the clock is doubted. */
export const isDoubt = (fault: unknown): boolean =>
  fault instanceof StoreFault && fault.code === 'clock';

/** The same fault, of which more is known. */
export const withDetails = (fault: StoreFault, more: FaultDetails): StoreFault =>
  new StoreFault(fault.code, fault.message, {
    cause: fault.cause,
    details: { ...fault.details, ...more },
  });

const textOf = (error: unknown): Pick<FaultDetails, 'text'> =>
  typeof error === 'object' &&
  error !== null &&
  'errstr' in error &&
  typeof error.errstr === 'string'
    ? { text: error.errstr }
    : {};

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Whether an error is SQLite's word that a file is no sound database. */
export const isUnreadable = (error: unknown): boolean =>
  [SQLITE_CORRUPT, SQLITE_NOTADB].includes(primaryCode(codeOf(error)));

const PRIMARY_CODE = 0xff;
const SQLITE_BUSY = 5;
const SQLITE_CONSTRAINT = 19;

/** Whether an error is SQLite's word that another connection has the lock. */
export const isBusy = (error: unknown): boolean => primaryCode(codeOf(error)) === SQLITE_BUSY;

/** Whether an error is SQLite's word that a row of this key exists. */
export const isConstraint = (error: unknown): boolean =>
  primaryCode(codeOf(error)) === SQLITE_CONSTRAINT;

/** SQLite's extended result code without what extends it. */
const primaryCode = (code: number | undefined): number => (code ?? 0) & PRIMARY_CODE;

/** SQLite's result code, of an error of its own or of a fault made of one. */
export function codeOf(error: unknown): number | undefined {
  if (error instanceof StoreFault) return error.details.number;
  // SQLite's errors are told by their code: that they are Errors says nothing, and holds only within one realm.
  const isOfSqlite =
    typeof error === 'object' &&
    error !== null &&
    'errcode' in error &&
    typeof error.errcode === 'number';
  return isOfSqlite ? Number(error.errcode) : undefined;
}

const PATIENCE_MS = 10_000;
const RETRY_MS = 5;

/** Runs `work` again and again, for 10 s, while another process has what it needs. It is for opening only, as it blocks the thread. */
export function patiently<T>(timers: Pick<Timers, 'monotonic'>, work: () => T): T {
  // SQLite's calls are synchronous, so what waits between two of them has to stop the thread too.
  const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  for (const giveUp = timers.monotonic() + PATIENCE_MS; ; Atomics.wait(cell, 0, 0, RETRY_MS)) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || timers.monotonic() > giveUp) throw error;
    }
  }
}
