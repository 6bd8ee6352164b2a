import { StoreFault } from '@keyserver/docstore';

const MAX_ID_BYTES = 1500;

/** Names of one database and what is in it. */
export class Names {
  readonly database: string;
  readonly documents: string;

  constructor(projectId: string, databaseId: string) {
    this.database = `projects/${projectId}/databases/${databaseId}`;
    this.documents = `${this.database}/documents`;
  }

  /** The name of a document; undefined when no document can have such an id. */
  find(collection: string, id: string): string | undefined {
    return isId(id) ? `${this.documents}/${collection}/${id}` : undefined;
  }

  /** The name of a document to be written, or after which a query goes on. */
  of(collection: string, id: string): string {
    const name = this.find(collection, id);
    if (name === undefined)
      throw new StoreFault('refused', `no document of ${collection} can have such an id`);
    return name;
  }
}

// https://firebase.google.com/docs/firestore/quotas: a slash would name something else, and lone surrogates would be changed.
const isId = (id: string): boolean =>
  id !== '' &&
  id !== '.' &&
  id !== '..' &&
  !id.includes('/') &&
  !/^__.*__$/s.test(id) &&
  Buffer.byteLength(id) <= MAX_ID_BYTES &&
  Buffer.from(id).toString() === id;

/** A field value as Firestore's protocol has it, of the kinds that collections use. */
export type Value =
  | { readonly integerValue: string }
  | { readonly stringValue: string }
  | { readonly booleanValue: boolean }
  | { readonly bytesValue: Uint8Array }
  | { readonly timestampValue: Timestamp }
  | { readonly referenceValue: string }
  | { readonly arrayValue: { readonly values: Value[] } };

export interface Timestamp {
  readonly seconds: string;
  readonly nanos: number;
}

/** One write of a commit. */
export type Write =
  | {
      readonly update: { readonly name: string; readonly fields: Record<string, Value> };
      readonly currentDocument?: { readonly exists: boolean };
    }
  | { readonly delete: string; readonly currentDocument?: { readonly updateTime: Timestamp } };

/** A document as it was read: its fields are still those of the protocol, and unchecked. */
export interface StoredDocument {
  readonly name: string;
  readonly fields: object;
  readonly updateTime: Timestamp | undefined;
}

/** The id of a stored document, the last part of its name. */
export const idOf = ({ name }: StoredDocument): string => name.slice(name.lastIndexOf('/') + 1);

/** One message of an answered read. */
export interface ReadMessage {
  readonly document: StoredDocument | undefined;
  /** The name of a document that was asked for and is not there. */
  readonly missing: string | undefined;
  /** Milliseconds since 1970. */
  readonly readTime: number | undefined;
  /** The transaction that this read began. */
  readonly transaction: Uint8Array | undefined;
}

const property = (of: unknown, name: string): unknown =>
  typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;

/** Reads a message of BatchGetDocuments or RunQuery. */
export function readMessage(message: unknown): ReadMessage {
  const transaction = property(message, 'transaction');
  const missing = property(message, 'missing');
  return {
    document: readDocument(property(message, 'found') ?? property(message, 'document')),
    missing: typeof missing === 'string' && missing !== '' ? missing : undefined,
    readTime: millisOf(readTimestamp(property(message, 'readTime'))),
    transaction:
      transaction instanceof Uint8Array && transaction.length > 0 ? transaction : undefined,
  };
}

function readDocument(stored: unknown): StoredDocument | undefined {
  const name = property(stored, 'name');
  const fields = property(stored, 'fields');
  if (typeof name !== 'string') return undefined;
  return {
    name,
    fields: typeof fields === 'object' && fields !== null ? fields : {},
    updateTime: readTimestamp(property(stored, 'updateTime')),
  };
}

/** A timestamp of the protocol; undefined for anything else. */
export function readTimestamp(value: unknown): Timestamp | undefined {
  const seconds = property(value, 'seconds');
  const nanos = property(value, 'nanos');
  return typeof seconds === 'string' && typeof nanos === 'number' ? { seconds, nanos } : undefined;
}

const MS = 1000;
const NANOS_PER_MS = 1_000_000;

/** A time in ms since 1970 as the protocol has it. */
export function timestampOf(ms: number): Timestamp {
  const seconds = Math.floor(ms / MS);
  return { seconds: String(seconds), nanos: (ms - seconds * MS) * NANOS_PER_MS };
}

/** A time of the protocol in whole ms since 1970. */
export const millisOf = (time: Timestamp | undefined): number | undefined =>
  time === undefined
    ? undefined
    : Number(time.seconds) * MS + Math.floor(time.nanos / NANOS_PER_MS);

/** At which moment a read happens, as its request says it: in a transaction, in one that it begins, or now. */
export type Consistency =
  | { readonly transaction: Uint8Array }
  | {
      readonly newTransaction: {
        readonly readWrite: { readonly retryTransaction?: Uint8Array };
      };
    }
  | Record<string, never>;

/** To what a read belongs, and who is told what its answer says besides documents. */
export interface Reading {
  /** Whether it may wait for locks, and takes them. */
  readonly locks: boolean;
  consistency(): Consistency;
  heard(message: ReadMessage): void;
}

/** A read outside transactions. */
export const OUTSIDE: Reading = {
  locks: false,
  consistency: () => ({}),
  heard: () => undefined,
};
