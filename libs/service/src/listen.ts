import { Fault } from '@keyserver/fault';
import { type RequestListener, createServer } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { type ServiceUrl, serviceUrl } from '@keyserver/log';
import { MINUTE, SECOND, type Timers } from '@keyserver/time';
import { boundConnections } from './connections.ts';
import { drainer } from './drain.ts';

/** A service that answers requests until it is closed. */
export interface RunningService {
  readonly url: ServiceUrl;
  /** Stops accepting, lets requests finish, gives everything back. */
  close(): Promise<void>;
}

/** An HTTP server that listens. */
export interface RunningServer extends RunningService {
  readonly port: number;
}

/** How long clients may take, in milliseconds. */
export interface Timeouts {
  /** Until all headers are there. */
  readonly headers: number;
  /** Until the whole request is there, its body included. */
  readonly request: number;
  /** Between two requests of one connection. */
  readonly keepAlive: number;
  /** While it takes nothing of an answer: 16 kB, which are sent at a time, must get through in this. */
  readonly stalled: number;
  /** Until a whole answer is sent; the time in which it is worked out does not count. */
  readonly answer: number;
  /** How often all of these but `keepAlive` are looked at. */
  readonly check: number;
  /** How long requests may go on after `close` before they are cut. */
  readonly drain: number;
}

/**
 * Longer than the load balancer in front keeps an idle connection, so that it never sends an upload over one that is just being
 * closed here: that upload would be answered 502, and is not sent again. Google's external Application Load Balancer keeps
 * connections to backends for 600 s, which cannot be changed
 * (https://cloud.google.com/load-balancing/docs/https/request-distribution). Idle clients do no harm: for a newcomer the one
 * goes that has stood still for longest. `headers` is counted from the first byte of a request, so it does not end idle
 * connections, and Node adds a second of its own to this (`keepAliveTimeoutBuffer`,
 * https://nodejs.org/docs/latest-v24.x/api/http.html).
 */
const KEEP_ALIVE = 620 * SECOND;

const TIMEOUTS: Timeouts = {
  headers: 10 * SECOND,
  request: 30 * SECOND,
  keepAlive: KEEP_ALIVE,
  stalled: 30 * SECOND,
  answer: 10 * MINUTE,
  check: SECOND,
  drain: 4 * SECOND,
};
/**
 * Connections at a time. With a file open for each they stay below the 1024 that many systems give a process. A proxy in front
 * must not send more requests at a time: Cloud Run sends 80 to an instance unless told otherwise, and 1000 at most
 * (https://cloud.google.com/run/docs/about-concurrency).
 */
export const MAX_CONNECTIONS = 400;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;
/**
 * Requests of one connection that are worked on; the last answer asks to close it, and what follows gets an empty 503.
 * Requests that are sent ahead of the answers run all at once, and thousands fit into one read. A load balancer sends one at a
 * time, obeys the last answer, and opens another connection.
 */
const MAX_REQUESTS = 100;

/** The address cannot be listened on; the message is one sentence for the operator. */
export class ListenFault extends Fault<'cannot_listen'> {
  constructor(message: string, options?: ErrorOptions) {
    super('cannot_listen', message, options);
  }
}

/** Serves an application over HTTP on a port (0 picks a free one), on this machine only unless a host is named. */
export async function listen(
  app: RequestListener,
  options: {
    readonly port: number;
    readonly host?: string;
    readonly timers: Timers;
    readonly timeouts?: Partial<Timeouts>;
    readonly connections?: number;
  },
): Promise<RunningServer> {
  const { port, host = '127.0.0.1', connections = MAX_CONNECTIONS, timers } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      keepAliveTimeout: timeouts.keepAlive,
      connectionsCheckingInterval: timeouts.check,
    },
    app,
  );
  server.maxHeadersCount = MAX_HEADERS;
  server.maxRequestsPerSocket = MAX_REQUESTS;
  boundConnections(server, { ...timeouts, connections, requests: MAX_REQUESTS }, timers);
  const close = drainer(server, timeouts.drain, timers);
  return { ...(await bind(server, { port, host })), close };
}

/** Binds a server to a port (0 picks a free one) and says where it is reached; a ListenFault says why it cannot be. */
export async function bind(
  server: NetServer,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<{ readonly url: ServiceUrl; readonly port: number }> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(new ListenFault(whyNot(cause, port), { cause }));
    });
    server.listen(port, host, resolve);
  });
  const bound = boundPort(server);
  return { url: serviceUrl(reachable(host), bound), port: bound };
}

function whyNot({ code }: NodeJS.ErrnoException, port: number): string {
  if (code === 'EADDRINUSE') return `port ${port} is already in use by another program`;
  if (code === 'EACCES') return `this user may not listen on port ${port}`;
  return `port ${port} cannot be listened on`;
}

function boundPort(server: NetServer): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server is not bound');
  return address.port;
}

const reachable = (host: string): string =>
  host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
