import { once } from 'node:events';
import { type Server as Listener, type Socket, createServer } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { contentsOf } from './contents.ts';
import { Documents } from './documents.ts';
import { CallFaultPlan, type CallFaults } from '../grpc/call-faults.ts';
import type { FirestoreIndexes } from './index-rules.ts';
import { RequestSizes } from './request-size.ts';
import { firestoreService } from './service.ts';
import { firestoreDefinition } from './service-definition.ts';
import { storeClock } from './store-clock.ts';
import { Transactions } from './transactions.ts';
import { Usage, type UsageCount } from './usage.ts';

/** What a stand-in may be started with. */
export interface FirestoreOptions {
  /** Store time in ms since 1970; the machine's clock unless given. */
  readonly now?: () => number;
  /** The port to listen at; any free one unless given. */
  readonly port?: number;
  /** The declared indexes; the cloud's automatic ones, and every composite one, unless given. */
  readonly indexes?: FirestoreIndexes;
  /** How long a lock is waited for; as long as in the cloud unless given. */
  readonly lockWaitMs?: number;
}

/** A running stand-in for Firestore. */
export interface FirestoreStandIn {
  /** "host:port", for a client that speaks without TLS. */
  readonly address: string;
  readonly faults: CallFaults;
  /** How many documents there are. */
  documents(): number;
  /** What the documents hold, by the name of their collection, as text to search in. */
  contents(): ReadonlyMap<string, string>;
  /** Puts what one database holds into another one, which is empty; "projects/<project>/databases/<database>". */
  copy(from: string, to: string): void;
  /** Ends all transactions, as the time ends those of clients that died. */
  endTransactions(): void;
  /** What would have been billed since this was asked last. */
  usage(): UsageCount;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
/** https://firebase.google.com/docs/firestore/manage-data/transactions#transaction_failure (lock deadline) */
const LOCK_WAIT_MS = 20_000;

/** Starts a server that answers the real Firestore client from memory. */
export async function startFirestoreStandIn(
  options: FirestoreOptions = {},
): Promise<FirestoreStandIn> {
  const documents = new Documents();
  const faults = new CallFaultPlan();
  const sockets = new Map<string, Socket>();
  const clock = storeClock(options.now ?? Date.now);
  const store = {
    ...{ documents, clock, transactions: new Transactions(clock) },
    indexes: options.indexes,
    lockWaitMs: options.lockWaitMs ?? LOCK_WAIT_MS,
    usage: new Usage(),
  };
  const grpc = new Server({ 'grpc.max_receive_message_length': -1 });
  const sizes = new RequestSizes();
  const cut = (peer: string): void => {
    sockets.get(peer)?.destroy();
  };
  grpc.addService(
    sizes.watch(firestoreDefinition()),
    firestoreService(store, { sizes, faults, cut }),
  );
  const listener = await listen(grpc, sockets, options.port ?? 0);
  return {
    address: `${HOST}:${portOf(listener)}`,
    faults,
    documents: () => documents.count(),
    contents: () => contentsOf(documents),
    copy: (from, to) => {
      documents.copy(from, to);
    },
    endTransactions: () => {
      store.transactions.endAll();
    },
    usage: () => store.usage.take(),
    close: async () => {
      const closed = once(listener, 'close');
      listener.close();
      for (const socket of sockets.values()) socket.destroy();
      grpc.forceShutdown();
      await closed;
    },
  };
}

/** Listens with sockets of our own, so that a fault can destroy the one that a call came by. */
async function listen(grpc: Server, sockets: Map<string, Socket>, port: number): Promise<Listener> {
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = createServer((socket) => {
    const peer = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
    sockets.set(peer, socket);
    socket.once('close', () => sockets.delete(peer));
    injector.injectConnection(socket);
  });
  listener.listen(port, HOST);
  await once(listener, 'listening');
  return listener;
}

function portOf(listener: Listener): number {
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port to listen at');
  return address.port;
}
