import { StoreFault } from '@keyserver/docstore';
import { clocksOver } from '@keyserver/time';
import type { EngineLink, EngineListener, StartEngine } from '../connection.ts';
import { Engine } from '../engine.ts';
import { storeFaultOf } from '../fault.ts';
import { clocksOf } from '../machine-clocks.ts';
import type { EngineSettings } from '../protocol.ts';
import { machine } from '../../../../test/support/machine.ts';

const closed = (): StoreFault => new StoreFault('unavailable', 'the database is closed');

/**
 * Runs an engine in the thread of the test, so that a test starts faster. Messages still arrive later, and as copies, as they
 * do between threads. So does the fault of an engine that cannot begin.
 */
export const startInProcess: StartEngine = (settings, listener) => {
  try {
    return linkTo(engineOf(settings, listener), listener);
  } catch (error) {
    setImmediate(() => {
      listener.ended(storeFaultOf(error));
    });
    return { send: () => undefined };
  }
};

const engineOf = ({ clock, ...settings }: EngineSettings, listener: EngineListener): Engine =>
  new Engine({
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

const linkTo = (engine: Engine, listener: EngineListener): EngineLink => ({
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
});
