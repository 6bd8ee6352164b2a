import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, Refusal, refusalAnswer } from './answer.ts';
import { type Fault, FaultPlan, type StorageFaults } from './faults.ts';
import { type Call, createRouter } from './routes.ts';
import { StoredBucket } from './stored-bucket.ts';

/** What a stand-in begins with. */
export interface StorageStandInOptions {
  /** 0, the default: any free port. */
  readonly port?: number;
  /** The only buckets there will ever be; as in the cloud, none comes into being by being written to. */
  readonly buckets?: readonly string[];
  readonly now?: () => number;
  /** Whether anyone may download objects at /<bucket>/<object>, as through a content delivery network. */
  readonly cdn?: boolean;
  /** What callers may do, such as `storage.objects.get`; everything unless given. */
  readonly permissions?: readonly string[];
  /** Takes any content for the declared one, as a proxy without the header would make it seem. */
  readonly ignoresDeclaredChecksums?: boolean;
  /** Most objects in a page of a list; 1,000 as in the cloud, which may give fewer too. */
  readonly mostListed?: number;
}

/** A role, and who has it. */
interface Binding {
  readonly role: string;
  readonly members: readonly string[];
}

/** Cloud Storage in memory, for the real client to talk to. */
export interface StorageStandIn {
  readonly url: string;
  readonly faults: StorageFaults;
  /** The names of a bucket's objects. */
  objects(bucket: string): string[];
  /** Grants roles on a bucket in the place of all before. */
  setPolicy(bucket: string, bindings: readonly Binding[]): void;
  /** The Content-Range of every request of an upload that had one, in order. */
  contentRanges(): readonly string[];
  close(): Promise<void>;
}

/** Serves the part of Cloud Storage's JSON interface that the client uses, on the loopback interface only. */
export async function startStorageStandIn(
  options: StorageStandInOptions = {},
): Promise<StorageStandIn> {
  const { port = 0, buckets = [], now = Date.now, cdn = false, permissions } = options;
  const checksDeclared = options.ignoresDeclaredChecksums !== true;
  const { mostListed = 1000 } = options;
  const stored = new Map(
    buckets.map((name) => [name, new StoredBucket(name, { now, checksDeclared, mostListed })]),
  );
  const faults = new FaultPlan();
  const ranges: string[] = [];
  const policies = new Map<string, readonly Binding[]>();
  const callOf = createRouter({ buckets: stored, permissions, cdn, policies });
  const server = createServer((request, response) => {
    const call = callOf(request);
    const range = request.headers['content-range'];
    if (range !== undefined) ranges.push(range);
    respond(call, faults.next(call.op), { request, response }).catch(() => {
      request.socket.destroy();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    faults,
    setPolicy: (bucket, bindings) => {
      policies.set(bucket, bindings);
    },
    contentRanges: () => ranges,
    objects: (bucket) => stored.get(bucket)?.names() ?? [],
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function respond(call: Call, fault: Fault | undefined, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  switch (fault?.kind) {
    case undefined:
      send(response, outcome(call, await bodyOf(request)));
      return;
    case 'hang':
      request.resume();
      return;
    case 'fail': {
      await bodyOf(request);
      const { status } = fault;
      send(response, refusalAnswer(new Refusal(status, 'backendError', 'A fault by order.')));
      return;
    }
    case 'slow':
      await pause(fault.ms);
      send(response, outcome(call, await bodyOf(request)));
      return;
    case 'corrupt':
      sendCorrupted(call, await bodyOf(request), response);
      return;
    case 'cut':
      await cut(call, fault.when, exchange);
  }
}

function sendCorrupted(call: Call, body: Buffer, response: ServerResponse): void {
  if (call.op === 'insert') {
    send(response, outcome(call, corrupted(body)));
    return;
  }
  const answer = outcome(call, body);
  send(response, { ...answer, body: corrupted(answer.body) });
}

async function cut(
  call: Call,
  when: 'before' | 'middle' | 'after',
  { request, response }: Exchange,
): Promise<void> {
  const half = when === 'middle' ? Number(request.headers['content-length'] ?? 0) / 2 : undefined;
  if (half !== undefined && half > 0) {
    call.keepPart?.(await bodyOf(request, half));
  } else if (when !== 'before') {
    const { status, headers, body } = outcome(call, await bodyOf(request));
    if (when === 'middle' && body.length > 0) {
      response.writeHead(status, { ...headers, 'content-length': body.length });
      const part = body.subarray(0, Math.ceil(body.length / 2));
      await new Promise<void>((resolve) => {
        response.write(part, () => {
          resolve();
        });
      });
    }
  }
  request.socket.destroy();
}

/** The body of a request, or as much of it as makes up `enough` bytes. */
async function bodyOf(request: IncomingMessage, enough = Infinity): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  if (enough === Infinity) {
    for await (const piece of request) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  }
  while (length < enough) {
    const piece = request.read() as Buffer | null;
    if (piece === null) await once(request, 'readable');
    else length += pieces.push(piece) > 0 ? piece.length : 0;
  }
  return Buffer.concat(pieces);
}

function outcome(call: Call, body: Buffer): Answer {
  try {
    return call.run(body);
  } catch (error) {
    if (error instanceof Refusal) return refusalAnswer(error);
    throw error;
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const bodiless = status === 204 || status === 304;
  response.writeHead(status, bodiless ? headers : { ...headers, 'content-length': body.length });
  response.end(bodiless ? undefined : body);
}

/** The same content but for one bit in its middle. */
function corrupted(content: Buffer): Buffer {
  const copy = Buffer.from(content);
  const middle = copy.length >> 1;
  const byte = copy[middle];
  if (byte !== undefined) copy[middle] = byte ^ 1;
  return copy;
}
