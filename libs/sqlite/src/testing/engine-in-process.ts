import { StoreFault } from '@keyserver/docstore';
import { clocksOver } from '@keyserver/time';
import type { EngineLink, StartEngine } from '../engine-link.ts';
import { machineClocks } from '../machine-clocks.ts';
import { Engine } from '../engine.ts';
import type { Delivery } from '../protocol.ts';

const closed = (): StoreFault => new StoreFault('unavailable', 'the database is closed');

/**
 * Runs an engine in the thread of the test, so that a test starts faster. Requests and deliveries still arrive later, and
 * as copies, as they do between threads.
 */
export const startInProcess: StartEngine = (settings, listener): EngineLink => {
  const deliver = (delivery: Delivery): void => {
    const copy = structuredClone(delivery);
    setImmediate(() => {
      listener.delivered(copy);
    });
  };
  const clocks = settings.clock === undefined ? machineClocks() : clocksOver(settings.clock);
  const engine: Engine = new Engine({
    ...settings,
    clocks,
    deliver: (time, answers) => {
      deliver({ time, answers });
    },
    report: (news) => {
      deliver({ time: engine.time, answers: [], ...news });
    },
  });
  return {
    send: (batch) => {
      const copy = structuredClone(batch);
      setImmediate(() => {
        engine.accept(copy);
        if (copy.some(({ request }) => request.kind === 'close'))
          setImmediate(() => {
            listener.ended(closed());
          });
      });
    },
  };
};
