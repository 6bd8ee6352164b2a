import { credentials } from '@grpc/grpc-js';
import type { Fields, Timestamp, Value } from '../value.ts';
import { FirestoreClient } from './open-client.ts';

/** A message of a streamed answer. */
export interface Message {
  readonly found?: { readonly name: string; readonly fields: Fields } | null;
  readonly document?: { readonly name: string; readonly fields: Fields } | null;
  readonly missing?: string;
  readonly transaction?: Uint8Array;
  readonly readTime?: Timestamp | null;
}

/** Firestore's calls one by one, never repeated: through the layer of Google's client that does nothing of its own. */
export interface Calls {
  /** The full name of a document of the collection "c". */
  name(id: string): string;
  begin(options?: object): Promise<Uint8Array>;
  read(ids: readonly string[], when?: object): Promise<readonly Message[]>;
  query(structuredQuery: object, when?: object): Promise<readonly Message[]>;
  commit(
    writes: readonly object[],
    transaction?: Uint8Array,
    timeout?: number,
  ): Promise<{ readonly commitTime: Timestamp }>;
  rollback(transaction: Uint8Array): Promise<unknown>;
  batchWrite(writes: readonly object[]): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** The field of an integer. */
export const int = (value: number): Value => ({
  valueType: 'integerValue',
  integerValue: String(value),
});

const OPTIONS = {
  timeout: 20_000,
  retry: null,
  retryRequestOptions: { retries: 0, noResponseRetries: 0 },
};

/** Opens a client of a database on a stand-in. */
export function openCalls(address: string, databaseId: string): Calls {
  const [servicePath = '', port] = address.split(':');
  const client = new FirestoreClient({
    projectId: 'test',
    ...{ servicePath, port: Number(port), sslCreds: credentials.createInsecure() },
    'grpc.use_local_subchannel_pool': 1, // a connection of its own
    clientOptions: { universeDomain: 'googleapis.com' },
  });
  const database = `projects/test/databases/${databaseId}`;
  const parent = `${database}/documents`;
  const name = (id: string): string => `${parent}/c/${id}`;
  const all = async (stream: NodeJS.ReadableStream): Promise<readonly Message[]> => {
    const messages: Message[] = [];
    for await (const message of stream) messages.push(message as unknown as Message);
    return messages;
  };
  return {
    name,
    begin: async (options = { readWrite: {} }) => {
      const [{ transaction }] = await client.beginTransaction({ database, options }, OPTIONS);
      return transaction as Uint8Array;
    },
    read: async (ids, when = {}) =>
      await all(client.batchGetDocuments({ database, documents: ids.map(name), ...when }, OPTIONS)),
    query: async (structuredQuery, when = {}) =>
      await all(client.runQuery({ parent, structuredQuery, ...when }, OPTIONS)),
    commit: async (writes, transaction = Buffer.alloc(0), timeout = OPTIONS.timeout) => {
      const request = { database, writes: [...writes], transaction };
      const [{ commitTime }] = await client.commit(request, { ...OPTIONS, timeout });
      return { commitTime: commitTime as Timestamp };
    },
    rollback: async (transaction) => await client.rollback({ database, transaction }, OPTIONS),
    batchWrite: async (writes) => {
      const [{ status }] = await client.batchWrite({ database, writes: [...writes] }, OPTIONS);
      return (status ?? []).map(({ code }) => code ?? 0);
    },
    close: async () => {
      await client.close();
    },
  };
}
