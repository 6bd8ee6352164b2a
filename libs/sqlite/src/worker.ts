import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { clocksOver } from '@keyserver/time';
import { Engine } from './engine.ts';
import { machineClocks } from './machine-clocks.ts';
import type { Answered, Asked, Delivery, EngineNews, WorkerSettings } from './protocol.ts';

// Who was just answered mostly asks again at once: a transaction that has read commits, a reader wants the next page. To be
// woken for that takes about as long as this.
const LINGER_MS = 0.25;

/** The worker thread of a SQLite store: everything that touches the database file happens here. */
function run(settings: WorkerSettings): void {
  const deliver = (time: number, answers: readonly Answered[]): void => {
    const delivery: Delivery = { time, answers };
    parentPort?.postMessage(delivery, bodiesOf(answers));
  };
  const clocks = settings.clock === undefined ? machineClocks() : clocksOver(settings.clock);
  const report = (news: EngineNews): void => {
    const delivery: Delivery = { time: engine.time, answers: [], ...news };
    parentPort?.postMessage(delivery);
  };
  const engine: Engine = new Engine({ ...settings, clocks, deliver, report });
  const accept = (batch: readonly Asked[]): void => {
    engine.accept(batch);
    if (batch.some(({ request }) => request.kind === 'close')) parentPort?.close();
  };
  parentPort?.on('message', (batch: readonly Asked[]) => {
    accept(batch);
    const next = engine.isIdle() ? linger() : undefined;
    if (next !== undefined) accept(next);
  });
}

/** What arrives within a moment, once. */
function linger(): readonly Asked[] | undefined {
  const until = performance.now() + LINGER_MS;
  while (parentPort !== null && performance.now() < until) {
    const next = receiveMessageOnPort(parentPort);
    // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- connection.ts sends nothing else
    if (next !== undefined) return next.message as readonly Asked[];
  }
  return undefined;
}

const bodiesOf = (answers: readonly Answered[]): ArrayBuffer[] =>
  answers.flatMap(({ answer }) => {
    if (answer.kind !== 'rows' && answer.kind !== 'page') return [];
    const { buffer } = answer.kind === 'rows' ? answer.rows.bodies : answer.page.bodies;
    // An empty one is not worth it, and may be one that the database gave before.
    return buffer instanceof ArrayBuffer && buffer.byteLength > 0 ? [buffer] : [];
  });

// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- given by connection.ts, the only one that starts this file
run(workerData as WorkerSettings);
