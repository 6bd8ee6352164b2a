import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Timers, every } from '@keyserver/time';

/** What one listener allows its clients to hold. */
export interface ConnectionBounds {
  /** Connections at a time; for one more, the one that has stood still for longest is closed. */
  readonly connections: number;
  /** How long a client may take nothing of an answer, ms. */
  readonly stalled: number;
  /** How long the sending of one answer may take, ms; the time in which it is worked out does not count. */
  readonly answer: number;
  /** Requests of one connection that are worked on; the last answer asks the client to close it. */
  readonly requests: number;
  /** How long a connection may stand still on which nothing is asked, ms. */
  readonly keepAlive: number;
  /** How often that is looked at, ms. */
  readonly check: number;
}

const GRACE_CHECKS = 2;

/** What is known of a connection. */
interface Connection {
  readonly socket: Socket;
  /** Answers that it waits for. */
  readonly answers: Set<ServerResponse>;
  /** Bytes that went either way, and since when no more did. */
  moved: number;
  still: number;
  /** Requests that came. */
  requests: number;
  /** Since when an answer is being sent. */
  sending: number | undefined;
}

/**
 * Keeps clients that stand still from holding connections, and what is open for them, without end. Node has time-outs for
 * requests that come too slowly, but none for answers that are not read. A newcomer always gets in, so `/health` answers
 * however many connections are held: that is what refusing connections beyond a number would not give.
 */
export function boundConnections(server: Server, bounds: ConnectionBounds, timers: Timers): void {
  const now = (): number => timers.monotonic();
  const open = new Map<Socket, Connection>();
  server.on('connection', (socket) => {
    open.set(socket, newConnection(socket, now()));
    socket.once('close', () => open.delete(socket));
    if (open.size > bounds.connections) stillest(open.values(), now())?.socket.destroy();
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const connection = open.get(request.socket);
    if (connection === undefined) return;
    connection.requests += 1;
    connection.answers.add(response);
    response.once('close', () => connection.answers.delete(response));
  });
  const lookAtAll = (): void => {
    for (const connection of open.values()) {
      look(connection, now());
      if (isOverdue(connection, bounds, now())) connection.socket.destroy();
    }
  };
  server.once('close', every(timers, bounds.check, lookAtAll, { unref: true }));
}

const newConnection = (socket: Socket, now: number): Connection => ({
  socket,
  answers: new Set(),
  moved: 0,
  still: now,
  requests: 0,
  sending: undefined,
});

/** Takes note of what has moved since somebody last looked. */
function look(connection: Connection, now: number): void {
  const { socket } = connection;
  const moved = socket.bytesRead + socket.bytesWritten - socket.writableLength;
  if (moved !== connection.moved) connection.still = now;
  connection.moved = moved;
  connection.sending = isSending(connection) ? (connection.sending ?? now) : undefined;
}

/** Whether the client is to take something of us. */
const isSending = ({ socket, answers }: Connection): boolean =>
  socket.writableLength > 0 || [...answers].some((answer) => answer.headersSent);

function isOverdue(connection: Connection, bounds: ConnectionBounds, now: number): boolean {
  const { still, sending, answers, requests } = connection;
  if (sending !== undefined)
    return now - sending > bounds.answer || now - Math.max(still, sending) > bounds.stalled;
  // Node ends idle connections by itself, so it gets the first chance. It never ends one that the client was asked to close.
  const allowed = requests < bounds.requests ? bounds.keepAlive : 0;
  return answers.size === 0 && now - still > allowed + GRACE_CHECKS * bounds.check;
}

/** The connection that has stood still for longest, those left aside that wait for us. */
function stillest(open: Iterable<Connection>, now: number): Connection | undefined {
  let found: Connection | undefined;
  for (const connection of open) {
    look(connection, now);
    const waitsForUs = connection.answers.size > 0 && !isSending(connection);
    if (!waitsForUs && (found === undefined || connection.still < found.still)) found = connection;
  }
  return found;
}
