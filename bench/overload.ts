import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  aKey,
  aPublishServer,
  anUpload,
  closePublishServers,
  closePublishStore,
  wireBody,
} from '@keyserver/publish/testing';
import { type Measure, median } from './figures.ts';
import type { OverloadOrder } from './overload-client.ts';

const ROUNDS = 5;
const CLIENT = join(import.meta.dirname, 'overload-client.ts');

/** What an upload costs that is turned away since too many are worked on, beside one that is refused for its app. */
export const measureOverload: Measure = async ({ say, quick }) => {
  const requests = quick ? 50 : 300;
  say('uploads that are turned away');
  const turnedAwayMicros = await microsOf({ uploadsAtOnce: 0 }, requests);
  say('uploads of an unknown app');
  const unknownAppMicros = await microsOf({ uploadsAtOnce: 350 }, requests);
  return { turnedAwayMicros, unknownAppMicros };
};

/** Processor time of the service's thread for one request, in microseconds: the median of some rounds after one. */
async function microsOf(
  deps: Parameters<typeof aPublishServer>[0],
  requests: number,
): Promise<number> {
  const { port } = await aPublishServer(deps);
  const order = { port, connections: 16, requests, request: request() };
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) rounds.push(await microsOfRound(order));
  await closePublishServers();
  await closePublishStore();
  return Math.round(median(rounds.slice(1)));
}

async function microsOfRound(order: OverloadOrder): Promise<number> {
  const before = process.threadCpuUsage();
  const client = new Worker(CLIENT, { workerData: order });
  await once(client, 'exit'); // a client that fails is an error event, which rejects this
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / (order.connections * order.requests);
}

/** An upload of 14 keys of an app that nobody has configured, as it goes over the wire. */
function request(): string {
  const keys = Array.from({ length: 14 }, (_, n) => aKey(n));
  const body = JSON.stringify({ ...wireBody(anUpload(keys, { appId: 'nobody' })) });
  const head = `POST /v1/publish HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return head + body;
}
