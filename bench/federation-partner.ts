import { createServer } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LocalPlatform } from '@keyserver/local';

const SERVICE = join(import.meta.dirname, '../services/federation-serve/dist/main.js');
/** Field numbers of an answer. */
const [KEYS, REVISED, PARTIAL, STATE] = [1, 2, 3, 4] as const;

/** An issuer that vouches for the partner of a benchmark. */
export async function openVoucher(platform: LocalPlatform): Promise<{
  readonly issuer: Awaited<ReturnType<LocalPlatform['openIssuer']>>;
  readonly close: () => void;
}> {
  let documents: Readonly<Record<string, object>> = {};
  const server = createServer((request, response) => {
    response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('nobody listens');
  const { port } = address;
  const issuer = await platform.openIssuer(`http://127.0.0.1:${port}`);
  ({ documents } = issuer);
  return { issuer, close: () => server.close() };
}

/** A compiled service in a process of its own. */
export interface ServeProcess {
  readonly pid: number;
  /** host:port */
  readonly address: string;
  readonly end: () => Promise<void>;
}

/** Starts the service over a data directory; it writes profiles of its threads into a directory that is named. */
export async function startServeProcess(
  dataDirectory: string,
  issuers: string,
  profile: string | undefined,
): Promise<ServeProcess> {
  if (!existsSync(SERVICE))
    throw new Error('run npm run build first: a compiled service is measured');
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const flags = ['--max-semi-space-size=16', '--disable-warning=ExperimentalWarning', ...profiling];
  const child = spawn(process.execPath, [...flags, SERVICE], {
    env: {
      ...{ PLATFORM: 'local', DATA_DIR: dataDirectory, PORT: '0' },
      ...{ FEDERATION_ISSUERS: issuers, LOG_LEVEL: 'warning' },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  const address = await new Promise<string>((resolve, reject) => {
    child.once('close', () => {
      reject(new Error('federation-serve did not start'));
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = /"url":"http:\/\/([^"]+)"/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  return { pid: child.pid ?? 0, address, end };
}

/** Asks for everything, page by page, as one partner does; decodes no key. Gives how many there were. */
export async function fetchAll(
  address: string,
  { token, pageKeys }: { readonly token: string; readonly pageKeys: number },
): Promise<{ readonly keys: number; readonly pages: number }> {
  const client = connect(`http://${address}`);
  const limit = varintField(5, pageKeys);
  let [keys, pages, isPartial, state] = [0, 0, true, Buffer.alloc(0)];
  while (isPartial) {
    const answer = await call(client, Buffer.concat([limit, state]), token);
    const found = outlineOf(answer);
    keys += found.keys;
    pages++;
    isPartial = found.isPartial;
    state = Buffer.concat([lengthHead(6, found.state.length), found.state]);
  }
  client.close();
  return { keys, pages };
}

/** What stands before a message: not compressed, and its length (https://grpc.io, "gRPC over HTTP2"). */
const PREFIX_BYTES = 5;

/** One call in plain HTTP/2. */
async function call(client: ClientHttp2Session, request: Buffer, token: string): Promise<Buffer> {
  const stream = client.request({
    ...{ ':method': 'POST', ':path': '/Federation/Fetch', te: 'trailers' },
    ...{ 'content-type': 'application/grpc', authorization: `Bearer ${token}` },
  });
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(request.length, 1);
  stream.end(Buffer.concat([prefix, request]));
  const answer = await buffer(stream);
  if (answer.length < PREFIX_BYTES) throw new Error('the call was refused');
  return answer.subarray(PREFIX_BYTES);
}

interface Outline {
  keys: number;
  isPartial: boolean;
  state: Buffer;
}

/** Walks over the fields of an answer without looking into keys. */
function outlineOf(answer: Buffer): Outline {
  const outline: Outline = { keys: 0, isPartial: false, state: Buffer.alloc(0) };
  for (let at = 0; at < answer.length;) {
    const field = (answer[at++] ?? 0) >> 3;
    const [value, next] = varintAt(answer, at);
    at = next;
    if (field === PARTIAL) outline.isPartial = value === 1;
    if (field === KEYS || field === REVISED) outline.keys++;
    if (field === STATE) outline.state = answer.subarray(at, at + value);
    if (field !== PARTIAL) at += value;
  }
  return outline;
}

function varintAt(bytes: Buffer, from: number): readonly [number, number] {
  let [value, shift, at] = [0, 0, from];
  for (;;) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
    shift += 7;
  }
}

function varintField(field: number, value: number): Buffer {
  return Buffer.from([field << 3, ...varint(value)]);
}

const lengthHead = (field: number, length: number): Buffer =>
  Buffer.from([(field << 3) | 2, ...varint(length)]);

const varint = (value: number): readonly number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
