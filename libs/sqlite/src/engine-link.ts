import { Worker } from 'node:worker_threads';
import { StoreFault } from '@keyserver/docstore';
import { storeFaultOf } from './fault.ts';
import type { Asked, Delivery, WorkerSettings } from './protocol.ts';

/** What a store hears from its engine. */
export interface EngineListener {
  readonly delivered: (delivery: Delivery) => void;
  /** The engine has ended, or never began. */
  readonly ended: (fault: StoreFault) => void;
}

/** The way to an engine. */
export interface EngineLink {
  readonly send: (batch: readonly Asked[]) => void;
}

/** Starts an engine and gives the way to it. */
export type StartEngine = (settings: WorkerSettings, listener: EngineListener) => EngineLink;

/** Starts an engine in a thread of its own, where its synchronous work stops nobody. */
export const startInThread: StartEngine = (settings, listener) => {
  const source = import.meta.url.endsWith('.ts');
  const worker = new Worker(new URL(source ? './worker.ts' : './worker.js', import.meta.url), {
    workerData: settings,
    execArgv: source ? ['--conditions=source', '--disable-warning=ExperimentalWarning'] : [],
  });
  worker.on('message', listener.delivered);
  worker.on('error', (error) => {
    const { code, details } = storeFaultOf(error);
    listener.ended(new StoreFault(code, 'the database worker failed', { cause: error, details }));
  });
  worker.on('exit', () => {
    listener.ended(new StoreFault('unavailable', 'the database is closed'));
  });
  return {
    send: (batch) => {
      worker.postMessage(batch);
    },
  };
};
