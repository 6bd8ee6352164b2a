import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { StoreFault } from '@keyserver/docstore';
import type { Clock } from '@keyserver/time';
import type { EngineListener, StartEngine } from '../connection.ts';
import type { RequestMessage, EngineMessage, EngineSettings } from '../protocol.ts';

/** What a host process is told; every message brings the time, for there is no memory that both share. */
export type ToHost = { readonly engine: number; readonly time: number } & (
  { readonly open: Omit<EngineSettings, 'clock'> } | { readonly batch: readonly RequestMessage[] }
);

/** What a host process tells. */
export type FromHost = { readonly engine: number } & (
  { readonly message: EngineMessage } | { readonly ended: true }
);

/** A process of its own in which engines run. */
export interface HostProcess {
  readonly startEngine: StartEngine;
  readonly stop: () => void;
}

/** Starts a process that runs engines; they follow the clock of the test. */
export function startHostProcess(clock: Clock): HostProcess {
  const child: ChildProcess = fork(join(import.meta.dirname, 'engine-host.ts'), {
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
  });
  const listeners = new Map<number, EngineListener>();
  const tell = (message: ToHost): void => {
    child.send(message);
  };
  child.on('message', (message) => {
    const told = message as FromHost;
    const listener = listeners.get(told.engine);
    if ('message' in told) listener?.received(told.message);
    else listener?.ended(new StoreFault('unavailable', 'the database is closed'));
  });
  return {
    startEngine: ({ clock: _, ...open }, listener) => {
      const engine = listeners.size;
      listeners.set(engine, listener);
      tell({ engine, time: clock.now(), open });
      return {
        send: (batch) => {
          tell({ engine, time: clock.now(), batch });
        },
      };
    },
    stop: () => {
      child.kill();
    },
  };
}
