import { parentPort, workerData } from 'node:worker_threads';
import { clockOver, systemClock } from '@keyserver/time';
import { Engine } from './engine.ts';
import type { Answered, Asked, Delivery, WorkerSettings } from './protocol.ts';

/** The worker thread of a SQLite store: everything that touches the database file happens here. */
function run(settings: WorkerSettings): void {
  const deliver = (time: number, answers: readonly Answered[]): void => {
    const delivery: Delivery = { time, answers };
    parentPort?.postMessage(delivery, bodiesOf(answers));
  };
  const clock = settings.clock === undefined ? systemClock : clockOver(settings.clock);
  const engine = new Engine({ ...settings, clock, deliver });
  parentPort?.on('message', (batch: readonly Asked[]) => {
    engine.accept(batch);
    if (batch.some(({ request }) => request.kind === 'close')) parentPort?.close();
  });
}

const bodiesOf = (answers: readonly Answered[]): ArrayBuffer[] =>
  answers.flatMap(({ answer }) =>
    answer.kind === 'rows' && answer.rows.bodies.buffer instanceof ArrayBuffer
      ? [answer.rows.bodies.buffer]
      : [],
  );

// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- given by connection.ts, the only one that starts this file
run(workerData as WorkerSettings);
