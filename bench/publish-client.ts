import { openSync, readSync, writeFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { KEYS_PER_UPLOAD } from './uploads.ts';

/** What the client is told: what it sends, where to, and for how long. */
export interface ClientOrder {
  readonly ports: readonly number[];
  readonly connections: number;
  /** Whole requests, all of the same length, one after another. */
  readonly requests: { readonly file: string; readonly bytes: number; readonly count: number };
  /** How many uploads warm the service up. */
  readonly warm: number;
  readonly seconds: number;
  /** So many requests are left for the time after the measured one. */
  readonly reserve: number;
  /** Where it writes a byte for each request: 1 for one that was acknowledged. */
  readonly acknowledgedFile: string;
}

/** What the client found in the time that counts. */
export interface ClientFigures {
  readonly elapsedMs: number;
  readonly answered: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the client itself, in microseconds. */
  readonly cpuMicros: number;
}

/**
 * What the client tells, in this order: that the time that counts begins, what it found in it, while it goes on sending, and that
 * all connections are lost and the file of acknowledged uploads is written.
 */
export type ClientReport = 'begins' | ClientFigures | 'ended';

const INSERTED = `"insertedExposures":${KEYS_PER_UPLOAD},`;
const END_OF_HEAD = '\r\n\r\n';

/** One run of the client: what is still to be sent, and what was answered. */
class Load {
  readonly order: ClientOrder;
  private readonly file: number;
  private readonly acknowledged: Uint8Array;
  private latencies: number[] = [];
  private sent = 0;
  private answered = 0;
  private open: number;
  private began: { readonly at: number; readonly cpu: NodeJS.CpuUsage } | undefined;
  private isMeasured = false;

  constructor(order: ClientOrder) {
    this.order = order;
    this.file = openSync(order.requests.file, 'r');
    this.acknowledged = new Uint8Array(order.requests.count);
    this.open = order.connections;
  }

  /** Reads the next request and gives its number; undefined when none is left. */
  next(into: Buffer): number | undefined {
    const { bytes, count } = this.order.requests;
    if (this.sent >= count) return undefined;
    readSync(this.file, into, 0, bytes, this.sent * bytes);
    return this.sent++;
  }

  acknowledge(upload: number, ms: number): void {
    this.acknowledged[upload] = 1;
    this.answered += 1;
    if (this.began !== undefined && !this.isMeasured) this.latencies.push(ms);
    if (this.answered === this.order.warm) this.begin();
    if (this.isOver()) this.measured();
  }

  /** A connection has ended and is not opened again. */
  lost(): void {
    this.open -= 1;
    if (this.open > 0) return;
    if (!this.isMeasured) throw new Error('the service has closed all connections');
    writeFileSync(this.order.acknowledgedFile, this.acknowledged);
    process.send?.('ended', () => {
      process.disconnect();
    });
  }

  private begin(): void {
    this.began = { at: performance.now(), cpu: process.cpuUsage() };
    process.send?.('begins');
  }

  private isOver(): boolean {
    if (this.began === undefined || this.isMeasured) return false;
    const { seconds, requests, reserve } = this.order;
    return (
      performance.now() - this.began.at >= seconds * 1000 || this.sent >= requests.count - reserve
    );
  }

  private measured(): void {
    if (this.began === undefined) return;
    this.isMeasured = true;
    const elapsedMs = performance.now() - this.began.at;
    const { user, system } = process.cpuUsage(this.began.cpu);
    const sorted = Float64Array.from(this.latencies).sort();
    const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? 0;
    const figures: ClientFigures = {
      ...{ elapsedMs, answered: sorted.length, cpuMicros: user + system },
      ...{ p50Ms: at(0.5), p99Ms: at(0.99) },
    };
    this.latencies = [];
    process.send?.(figures);
  }
}

/** A phone after another over one connection: each upload waits for the answer to the one before. */
class Phone {
  private readonly load: Load;
  private readonly port: number;
  private readonly request: Buffer;
  private socket: Socket | undefined;
  private answer = '';
  private upload = 0;
  private since = 0;

  constructor(load: Load, port: number) {
    this.load = load;
    this.port = port;
    this.request = Buffer.alloc(load.order.requests.bytes);
    this.connect();
  }

  private connect(): void {
    const socket = connect(this.port, '127.0.0.1');
    this.socket = socket;
    socket.setNoDelay().setEncoding('latin1');
    socket.on('connect', () => {
      this.send();
    });
    socket.on('data', (piece: string) => {
      this.answer = this.answer === '' ? piece : this.answer + piece;
      this.look();
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      if (this.socket === socket) this.load.lost();
    });
  }

  private send(): void {
    const upload = this.load.next(this.request);
    if (upload === undefined) {
      this.socket?.destroy();
      return;
    }
    this.upload = upload;
    this.since = performance.now();
    this.socket?.write(this.request);
  }

  private look(): void {
    const headEnd = this.answer.indexOf(END_OF_HEAD);
    if (headEnd < 0) return;
    const head = this.answer.slice(0, headEnd);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
    if (this.answer.length < headEnd + END_OF_HEAD.length + length) return;
    if (!head.startsWith('HTTP/1.1 200 ') || !this.answer.includes(INSERTED, headEnd))
      throw new Error(`an upload was answered: ${this.answer}`);
    this.load.acknowledge(this.upload, performance.now() - this.since);
    this.answer = '';
    if (/\r\nconnection: close/i.test(head)) this.reconnect();
    else this.send();
  }

  private reconnect(): void {
    const { socket } = this;
    this.connect();
    socket?.destroy();
  }
}

process.once('message', (message) => {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- publish.ts sends nothing else
  const order = message as ClientOrder;
  const load = new Load(order);
  for (let n = 0; n < order.connections; n++)
    new Phone(load, order.ports[n % order.ports.length] ?? 0);
});
