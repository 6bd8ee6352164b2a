import { StoreFault } from '@keyserver/docstore';
import { clocksOver } from '@keyserver/time';
import type { EngineLink, StartEngine } from '../connection.ts';
import { Engine } from '../engine.ts';
import { clocksOf } from '../machine-clocks.ts';
import { machine } from '../../../../test/support/machine.ts';

const closed = (): StoreFault => new StoreFault('unavailable', 'the database is closed');

/**
 * Runs an engine in the thread of the test, so that a test starts faster. Messages still arrive later, and as copies, as they
 * do between threads.
 */
export const startInProcess: StartEngine = ({ clock, ...settings }, listener): EngineLink => {
  const engine = new Engine({
    ...machine,
    ...settings,
    clocks: clock === undefined ? clocksOf(machine.clock) : clocksOver(clock),
    send: (message) => {
      const copy = structuredClone(message);
      setImmediate(() => {
        listener.received(copy);
      });
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
