import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
  connect,
  createServer,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  type WireRequest,
  type WireResponse,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from './wire.ts';

/**
 * gRPC on plain HTTP/2, both ends, by https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md and without a gRPC library:
 * so that client and server are not only tried with the library that both are made of.
 */
const FETCH = '/Federation/Fetch';

/** What came back for a call: the status is in the trailers, or in the headers when nothing else was sent. */
export interface RawAnswer {
  readonly httpStatus: number;
  readonly contentType: string;
  /** undefined when none came. */
  readonly status: number | undefined;
  readonly message: string;
  readonly body: Buffer;
}

/** What is sent besides the message. */
export interface RawCall {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** A message behind its prefix: whether it is compressed, and its length in four bytes. */
export function framed(message: Uint8Array, compressed = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(compressed);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Sends bytes as they are as the body of a call, and collects whatever comes back. */
export async function rawCall(
  url: string,
  body: Uint8Array,
  call: RawCall = {},
): Promise<RawAnswer> {
  const session = connect(url);
  try {
    await once(session, 'connect');
    return await callOn(session, body, call);
  } finally {
    session.destroy();
  }
}

async function callOn(
  session: ClientHttp2Session,
  body: Uint8Array,
  { path = FETCH, headers = {} }: RawCall,
): Promise<RawAnswer> {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' },
    ...headers,
  });
  let head: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  const parts: Buffer[] = [];
  stream.on('response', (received) => (head = received));
  stream.on('trailers', (received: IncomingHttpHeaders) => (trailers = received));
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.end(body);
  await once(stream, 'close');
  const all: IncomingHttpHeaders = { ...head, ...trailers };
  const status = all['grpc-status'];
  return {
    httpStatus: Number(head[':status'] ?? 0),
    contentType: head['content-type'] ?? '',
    status: status === undefined ? undefined : Number(status),
    message: decodeURIComponent(String(all['grpc-message'] ?? '')),
    body: Buffer.concat(parts),
  };
}

/** The one message of a body; throws on a body that holds less or more. */
export function unframed(body: Buffer): Buffer {
  if (body.length < 5 || body.readUInt8(0) !== 0 || body.readUInt32BE(1) !== body.length - 5)
    throw new Error(`a body of ${body.length} bytes is not one message`);
  return body.subarray(5);
}

/** A call that was refused. */
export class RawRefusal extends Error {
  readonly status: number | undefined;

  constructor({ status, message }: Pick<RawAnswer, 'status' | 'message'>) {
    super(message);
    this.status = status;
  }
}

/** Asks a server for keys; a refusal is thrown. */
export async function rawFetch(
  url: string,
  request: Partial<WireRequest>,
  token: string,
): Promise<WireResponse> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await rawCall(url, framed(encodeRequest(request)), { headers });
  if (answer.status !== 0) throw new RawRefusal(answer);
  return decodeResponse(unframed(answer.body));
}

/** A server that listens on this machine, in plain text. */
export interface RawServer {
  /** Host and port. */
  readonly address: string;
  close(): Promise<void>;
}

/** Answers with a message, a refusal, or bytes that are sent as they are. */
export type RawAnswering = (
  request: WireRequest,
  headers: IncomingHttpHeaders,
) => WireResponse | RawRefusal | Buffer;

/** Serves Fetch without a gRPC library. */
export async function serveRaw(answer: RawAnswering): Promise<RawServer> {
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    const parts: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => {
      if (headers[':path'] !== FETCH) send(stream, new RawRefusal({ status: 12, message: '' }));
      else send(stream, answer(decodeRequest(unframed(Buffer.concat(parts))), headers));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

function send(stream: ServerHttp2Stream, answer: WireResponse | RawRefusal | Buffer): void {
  const head = { ':status': 200, 'content-type': 'application/grpc' };
  if (answer instanceof RawRefusal) {
    const refusal = { 'grpc-status': String(answer.status), 'grpc-message': answer.message };
    stream.respond({ ...head, ...refusal }, { endStream: true });
    return;
  }
  stream.respond(head, { waitForTrailers: true });
  stream.on('wantTrailers', () => {
    stream.sendTrailers({ 'grpc-status': '0' });
  });
  stream.end(Buffer.isBuffer(answer) ? answer : framed(encodeResponse(answer)));
}
