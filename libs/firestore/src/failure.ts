import { StoreFault } from '@keyserver/docstore';
import { Fault, type FaultDetails } from '@keyserver/fault';
import { DeadlineFault } from '@keyserver/retry';
import { grpc } from 'google-gax';

/**
 * What a failed call means. `contended`: another transaction won, nothing was applied. `quota`: refused before it was
 * looked at. `away`: no answer, or a broken one; what was asked may have been done. `refused`: a precondition or a limit.
 * `barred`: asking again is of no use.
 */
export type Meaning = 'contended' | 'quota' | 'away' | 'refused' | 'barred';

interface Status {
  readonly name: string;
  /** The number of the status; a failure of our own making has none. */
  readonly number?: number;
  readonly meaning: Meaning;
}

const { status } = grpc;

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
const MEANINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [status.CANCELLED, 'away'],
  [status.UNKNOWN, 'away'],
  [status.INVALID_ARGUMENT, 'refused'],
  [status.DEADLINE_EXCEEDED, 'away'],
  [status.NOT_FOUND, 'refused'],
  [status.ALREADY_EXISTS, 'refused'],
  [status.PERMISSION_DENIED, 'barred'],
  [status.RESOURCE_EXHAUSTED, 'quota'],
  [status.FAILED_PRECONDITION, 'refused'],
  [status.ABORTED, 'contended'],
  [status.OUT_OF_RANGE, 'refused'],
  [status.UNIMPLEMENTED, 'barred'],
  [status.INTERNAL, 'away'],
  [status.UNAVAILABLE, 'away'],
  [status.DATA_LOSS, 'barred'],
  [status.UNAUTHENTICATED, 'away'],
]);

/** A call to Firestore that did not succeed. */
export class CallFault extends Fault {
  readonly meaning: Meaning;

  constructor(of: Status, options?: ErrorOptions) {
    const { name: code, number } = of;
    const details = { code, ...(number === undefined ? {} : { number }) };
    super(code, `a call to Firestore failed: ${code}`, { ...options, details });
    this.meaning = of.meaning;
  }

  /** What a fault of the store says of it. */
  about(object?: string): { readonly details: FaultDetails } {
    return { details: { ...this.details, ...(object === undefined ? {} : { object }) } };
  }
}

/** A call that was given up at its deadline: what was asked may have been done. */
export const overdue = (): CallFault =>
  new CallFault({ name: 'DEADLINE_EXCEEDED', meaning: 'away' });

/** An answer that ended well, but early. */
export const incomplete = (): CallFault => new CallFault({ name: 'INCOMPLETE', meaning: 'away' });

/** A call on a store that was closed. */
export const closed = (): CallFault => new CallFault({ name: 'CLOSED', meaning: 'barred' });

/** Firestore says so with the status of a bad request; the transaction is as dead as an aborted one. */
const EXPIRED = /transaction.*(expired|no longer valid)/i;

/** The client's own words when a call is reset for too much traffic: it may have been done, which a used up quota rules out. */
const RESET = /bandwidth exhausted/i;

/** What the client threw, as a failure. Errors that bear no status come from credentials or the network: Firestore is away. */
export function failureOf(error: unknown): CallFault {
  if (error instanceof CallFault) return error;
  if (error instanceof DeadlineFault) return overdue();
  const { code = 0, message } = readError(error);
  const [name, meaning] = [status[code], MEANINGS.get(code)];
  if (name === undefined || meaning === undefined)
    return new CallFault({ name: 'UNKNOWN', meaning: 'away' }, { cause: error });
  const known = { name, number: code, meaning: meaningOf(code, meaning, message) };
  return new CallFault(known, { cause: error });
}

function meaningOf(code: number, meaning: Meaning, message: string): Meaning {
  if (status[code] === 'INVALID_ARGUMENT' && EXPIRED.test(message)) return 'contended';
  if (status[code] === 'RESOURCE_EXHAUSTED' && RESET.test(message)) return 'away';
  return meaning;
}

function readError(error: unknown): { code: number | undefined; message: string } {
  if (typeof error !== 'object' || error === null) return { code: undefined, message: '' };
  const code: unknown = Reflect.get(error, 'code');
  const message: unknown = Reflect.get(error, 'message');
  return {
    code: typeof code === 'number' ? code : undefined,
    message: typeof message === 'string' ? message : '',
  };
}

/** A failed read as the fault that callers see. A read is never refused for what it asks: its index or its database is missing. */
export function readFault(failure: CallFault, what: string): StoreFault {
  const cause = { cause: failure, ...failure.about(what) };
  switch (failure.meaning) {
    case 'contended':
      return new StoreFault('contended', `other writers hold ${what}`, cause);
    case 'quota':
      return new StoreFault('unavailable', `Firestore's quota is used up, reading ${what}`, cause);
    case 'refused':
      return new StoreFault(
        'unavailable',
        `Firestore cannot read ${what} (${failure.code}): is the database there, with its indexes?`,
        cause,
      );
    case 'away':
    case 'barred':
      return new StoreFault('unavailable', `Firestore gives no ${what} (${failure.code})`, cause);
  }
}

/** A failed write as the fault that callers see. */
export function writeFault(failure: CallFault): StoreFault {
  const cause = { cause: failure, ...failure.about() };
  switch (failure.meaning) {
    case 'contended':
      return new StoreFault('contended', 'other writers won again and again', cause);
    case 'quota':
      return new StoreFault('unavailable', `Firestore's quota is used up`, cause);
    case 'refused':
      return new StoreFault('refused', `Firestore refused a write (${failure.code})`, cause);
    case 'away':
    case 'barred':
      return new StoreFault('unavailable', `Firestore takes no write (${failure.code})`, cause);
  }
}
