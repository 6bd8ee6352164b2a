import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Events, Logger } from '@keyserver/log';
import { SAFETY_HEADERS, lastError, sendError } from './error-answer.ts';

/** Why what a client sent is no request that an application sees. */
type UnreadableReason = Events['request.unreadable']['reason'];

/** Hears of what was sent to a listener and is no request. */
export type NoteUnreadable = (reason: UnreadableReason) => void;

/** Tells a log of it. */
export const noteUnreadableIn =
  (log: Logger): NoteUnreadable =>
  (reason) => {
    log.event('request.unreadable', { reason });
  };

/**
 * How each is answered. Requests beyond those of a connection are missing: Node answers them itself, with an empty 503, and only
 * tells of it (https://nodejs.org/docs/latest-v24.x/api/http.html#event-droprequest).
 */
const ANSWERS: Readonly<
  Record<Exclude<UnreadableReason, 'too_many'>, { readonly status: number; readonly error: string }>
> = {
  malformed: { status: 400, error: 'the request is no valid HTTP/1.1' },
  no_host: { status: 400, error: 'the Host header is missing' },
  too_slow: { status: 408, error: 'the request came too slowly' },
  chunk_extensions: { status: 413, error: 'the extensions of a chunk are too long' },
  expectation: { status: 417, error: 'nothing but 100-continue can be expected' },
  headers_too_large: { status: 431, error: 'the headers are too large' },
};

/**
 * The codes of `clientError` that stand for something else than a message that cannot be parsed
 * (https://nodejs.org/docs/latest-v24.x/api/http.html#event-clienterror).
 */
const REASONS: Readonly<Record<string, keyof typeof ANSWERS>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'too_slow',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'chunk_extensions',
};

/** Lets requests through that name their host, which HTTP/1.1 asks of them (RFC 9112, section 3.2). */
export const withHost =
  (app: RequestListener, note: NoteUnreadable): RequestListener =>
  (request, response) => {
    if (request.httpVersion !== '1.1' || request.headers.host !== undefined) app(request, response);
    else refuse('no_host', response, note);
  };

/**
 * Answers what Node would answer by itself, in the form of all other errors, and tells of it. What breaks off within a request
 * that the application has seen is answered too, but that request has an event of its own.
 */
export function answerUnreadable(server: Server, note: NoteUnreadable): void {
  const open = openAnswers(server);
  const ended = new WeakSet<Duplex>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (ended.has(socket)) return; // more of the same, while the answer leaves
    const answers = open(socket);
    const reason = reasonOf(error);
    const hasBegun = [...answers].some(({ headersSent }) => headersSent);
    if (reason === undefined || hasBegun || !socket.writable) {
      socket.destroy();
      return;
    }
    ended.add(socket);
    const { status, error: text } = ANSWERS[reason];
    // Connections on which nothing was sent have asked nothing: proxies open some in advance.
    if (answers.size === 0 && hasSent(socket)) note(reason);
    socket.end(lastError(status, text), () => socket.destroy());
  });
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    refuse('expectation', response, note);
  });
  server.on('dropRequest', () => {
    note('too_many');
  });
}

/** Undefined where the connection is broken, not the message. */
const reasonOf = ({ code = '' }: NodeJS.ErrnoException): keyof typeof ANSWERS | undefined =>
  REASONS[code] ?? (code.startsWith('HPE_') ? 'malformed' : undefined);

const hasSent = (socket: Duplex): boolean => 'bytesRead' in socket && socket.bytesRead !== 0;

function refuse(
  reason: keyof typeof ANSWERS,
  response: ServerResponse,
  note: NoteUnreadable,
): void {
  const { status, error } = ANSWERS[reason];
  note(reason);
  response.setHeaders(new Map(Object.entries(SAFETY_HEADERS))).setHeader('Connection', 'close');
  sendError(response, status, error);
}

/** The answers that a connection waits for. */
function openAnswers(server: Server): (socket: Duplex) => ReadonlySet<ServerResponse> {
  const bySocket = new WeakMap<Duplex, Set<ServerResponse>>();
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const answers = bySocket.get(socket) ?? new Set();
    bySocket.set(socket, answers.add(response));
    response.once('close', () => answers.delete(response));
  });
  return (socket) => bySocket.get(socket) ?? new Set();
}
