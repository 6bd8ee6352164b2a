import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { systemRandom } from '@keyserver/random';
import { clocksOver, systemClock, systemTimers } from '@keyserver/time';
import { Engine } from './engine.ts';
import { clocksOf } from './machine-clocks.ts';
import { LingerHabit } from './linger-habit.ts';
import type { EngineSettings, RequestMessage, ResponseMessage } from './protocol.ts';

// Whoever was just answered mostly asks again at once: a transaction that has read commits, and a reader wants the next page.
// To be woken for that takes about as long as this.
const LINGER_MS = 0.25;

/**
 * The worker thread of a SQLite store, in which everything happens that touches the database file. It is the `main` of this
 * thread: the real clock, timers and chance are handed out here.
 */
function run({ clock, ...settings }: EngineSettings, port: MessagePort): void {
  const engine = new Engine({
    ...settings,
    clocks: clock === undefined ? clocksOf(systemClock) : clocksOver(clock),
    timers: systemTimers,
    random: systemRandom,
    send: (message) => {
      port.postMessage(message, bodiesOf(message.responses));
    },
  });
  const habit = new LingerHabit();
  const accept = (batch: readonly RequestMessage[]): void => {
    engine.accept(batch);
    if (batch.some(({ request }) => request.kind === 'close')) port.close();
  };
  port.on('message', (batch: readonly RequestMessage[]) => {
    accept(batch);
    if (!engine.isIdle() || !habit.isWorthIt()) return;
    const next = linger(port);
    habit.note(next !== undefined);
    if (next !== undefined) accept(next);
  });
}

/** What arrives within a moment, once. */
function linger(port: MessagePort): readonly RequestMessage[] | undefined {
  const until = systemTimers.monotonic() + LINGER_MS;
  while (systemTimers.monotonic() < until) {
    const next = receiveMessageOnPort(port);
    // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- connection.ts sends nothing else
    if (next !== undefined) return next.message as readonly RequestMessage[];
  }
  return undefined;
}

const bodiesOf = (responses: readonly ResponseMessage[]): ArrayBuffer[] =>
  responses.flatMap(({ response }) => {
    if (response.kind !== 'rows' && response.kind !== 'page') return [];
    const { buffer } = response.kind === 'rows' ? response.rows.bodies : response.page.bodies;
    // An empty one is not worth it, and may be one that the database gave before.
    return buffer instanceof ArrayBuffer && buffer.byteLength > 0 ? [buffer] : [];
  });

if (parentPort === null) throw new Error('this file is the entry of a thread');
// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- given by connection.ts, the only one that starts this file
run(workerData as EngineSettings, parentPort);
