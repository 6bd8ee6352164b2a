import { connect } from 'node:net';
import { workerData } from 'node:worker_threads';

/** The last byte of every answer. */
const BRACE = 0x7d;

/** What the client is told: where publish answers, and what it sends how often over each of its connections. */
export interface OverloadOrder {
  readonly port: number;
  readonly connections: number;
  readonly requests: number;
  readonly request: string;
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- overload.ts gives nothing else
const order = workerData as OverloadOrder;

/** Sends one request after the other over one connection, each after the answer to the one before. */
async function ask(): Promise<void> {
  let left = order.requests;
  while (left > 0) left -= await askOnce(left);
}

/** As many as one connection takes: the service closes it after some. */
async function askOnce(atMost: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    let answered = 0;
    const socket = connect(order.port, '127.0.0.1');
    socket.on('data', (piece: Buffer) => {
      if (piece.at(-1) !== BRACE) return; // the answer is not whole yet
      answered += 1;
      const isLast = answered === atMost || piece.includes('Connection: close');
      if (isLast) socket.end();
      else socket.write(order.request);
    });
    socket.on('close', () => {
      resolve(answered);
    });
    socket.on('error', reject);
    socket.write(order.request);
  });
}

await Promise.all(Array.from({ length: order.connections }, ask));
