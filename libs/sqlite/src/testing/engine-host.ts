import { clocksOver, simulatedClock, unixMillis } from '@keyserver/time';
import { Engine } from '../engine.ts';
import type { FromHost, ToHost } from './host-process.ts';
import { machine } from '../../../../test/support/machine.ts';

// A process that runs engines for another one, so that a test can have one database open in several processes.
const clock = simulatedClock(unixMillis(0));
const clocks = clocksOver(clock.memory);
const engines = new Map<number, Engine>();

const send = (message: FromHost): void => {
  process.send?.(message);
};

process.on('message', (message) => {
  const { engine: id, time, ...order } = message as ToHost;
  clock.set(unixMillis(time));
  if ('open' in order) {
    const engine = new Engine({
      ...machine,
      ...order.open,
      clocks,
      send: (told) => {
        send({ engine: id, message: told });
      },
    });
    engines.set(id, engine);
    return;
  }
  engines.get(id)?.accept(order.batch);
  if (!order.batch.some(({ request }) => request.kind === 'close')) return;
  engines.delete(id);
  send({ engine: id, ended: true });
});
