import { type RequestListener, createServer as createHttpServer } from 'node:http';
import { type Socket, createServer } from 'node:net';
import type { Server, ServerCredentials } from '@grpc/grpc-js';
import { MAX_CONNECTIONS, type RunningServer, bind } from '@keyserver/service';
import { SECOND, type Timers } from '@keyserver/time';

/** How long a connection may take to say anything. */
const SILENCE = 10 * SECOND;
/** How long one that asks for health over HTTP/1 may last. */
const HEALTH = 10 * SECOND;
/** How long calls may go on after `close` before they are cut; a service has a few seconds more than that. */
const DRAIN = 4 * SECOND;

/** The first bytes of HTTP/2, by which it differs from all methods of HTTP/1 (RFC 9113, 3.4). */
const HTTP_2 = Buffer.from('PRI');
/** The first byte of a TLS connection (RFC 8446, 5.1). */
const TLS_HANDSHAKE = 0x16;

/** What listens on the one port. */
export interface Listeners {
  readonly grpc: Server;
  readonly credentials: ServerCredentials;
  readonly isTls: boolean;
  /** Answers probes of health, which are told apart by their first bytes. */
  readonly http: RequestListener;
  /** Asks running calls to give what they have. */
  readonly endCalls: () => void;
  readonly timers: Timers;
}

/** Serves gRPC, and health over HTTP/1, on one port (0 picks a free one). */
export async function listenGrpc(
  listeners: Listeners,
  at: { readonly port: number; readonly host: string },
): Promise<RunningServer> {
  const { grpc, credentials, http, timers, isTls } = listeners;
  const injector = grpc.createConnectionInjector(credentials);
  const health = createHttpServer({ maxHeaderSize: 16 * 1024 }, http);
  health.maxRequestsPerSocket = 1; // probes come one at a time, and none may keep a connection
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket)).on('error', ignoreBroken);
    whenItSpeaks(socket, timers, (first) => {
      const isGrpc = isTls ? first[0] === TLS_HANDSHAKE : first.subarray(0, 3).equals(HTTP_2);
      if (isGrpc) {
        injector.injectConnection(socket);
        return;
      }
      timers.after(HEALTH, () => socket.destroy(), { unref: true });
      health.emit('connection', socket);
      socket.resume();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  const bound = await bind(server, at);
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    server.close();
    listeners.endCalls();
    await drained(grpc, timers);
    for (const socket of open) socket.destroy();
  };
  return {
    ...bound,
    close: async () => {
      await (closed ??= close());
    },
  };
}

// A connection that breaks is its client's matter; the libraries hear of it too.
const ignoreBroken = (): void => undefined;

/** Waits for the first three bytes, and puts them back. */
function whenItSpeaks(socket: Socket, timers: Timers, go: (first: Buffer) => void): void {
  let first = Buffer.alloc(0);
  const cancel = timers.after(SILENCE, () => socket.destroy(), { unref: true });
  socket.once('close', cancel);
  const hear = (bytes: Buffer): void => {
    first = Buffer.concat([first, bytes]);
    if (first.length < HTTP_2.length) return;
    cancel();
    socket.off('data', hear).pause();
    socket.unshift(first);
    go(first);
  };
  socket.on('data', hear);
}

/** Waits until all calls have ended, and cuts what is left after a while. */
async function drained(grpc: Server, timers: Timers): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = timers.after(DRAIN, () => {
      grpc.forceShutdown();
      resolve();
    });
    grpc.tryShutdown(() => {
      cancel();
      resolve();
    });
  });
}
