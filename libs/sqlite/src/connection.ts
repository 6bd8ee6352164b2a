import { Worker } from 'node:worker_threads';
import { StoreFault } from '@keyserver/docstore';
import { storeFaultOf, withDetails } from './fault.ts';
import {
  type EngineMessage,
  type EngineSettings,
  type HousekeepingFault,
  MESSAGE_SIZE,
  type Request,
  type RequestMessage,
  type Response,
} from './protocol.ts';

/** What a store hears from its engine. */
export interface EngineListener {
  readonly received: (message: EngineMessage) => void;
  /** The engine has ended, or never began. */
  readonly ended: (fault: StoreFault) => void;
}

/** The way to an engine. */
export interface EngineLink {
  readonly send: (batch: readonly RequestMessage[]) => void;
}

/** Starts an engine and gives the way to it. */
export type StartEngine = (settings: EngineSettings, listener: EngineListener) => EngineLink;

/** What is heard of an engine besides responses. */
export interface ConnectionListener {
  /** All housekeeping that fails, whenever that changes. */
  readonly housekeeping: (faults: readonly HousekeepingFault[]) => void;
  /** The array indexes were made anew, with so many entries. */
  readonly arraysMade: (entries: number) => void;
  /** The engine has ended although nobody closed it; it does not come back. */
  readonly lost: (fault: StoreFault) => void;
}

interface Pending {
  readonly resolve: (response: Response) => void;
  readonly reject: (fault: Error) => void;
}

/** The store's end of the way to its engine: sends requests in batches and gives each response to the one who asked. */
export class Connection {
  /** The latest store time that the engine saw. */
  time = 0;
  /** Where the database is, for what goes wrong with it. */
  readonly at: { readonly path: string };
  private readonly link: EngineLink;
  private readonly hears: ConnectionListener;
  private readonly pending = new Map<number, Pending>();
  private readonly ended: Promise<void>;
  private end: () => void = () => undefined;
  private outbox: RequestMessage[] = [];
  private lastId = 0;
  private closing = false;
  private gone: StoreFault | undefined;

  constructor(settings: EngineSettings, start: StartEngine, hears: ConnectionListener) {
    this.at = { path: settings.file };
    this.hears = hears;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    this.link = start(settings, {
      received: (message) => {
        this.receive(message);
      },
      ended: (fault) => {
        this.lose(fault);
      },
    });
  }

  /** The response to a request. A fault that the engine names is thrown. */
  async ask(request: Request): Promise<Response> {
    const response = await this.send(request);
    if (response.kind !== 'fault') return response;
    const { reason, message, details } = response;
    throw new StoreFault(reason, message, { details: { ...details, ...this.at } });
  }

  /** The response to a request that has one of this kind. */
  async askFor<K extends Response['kind']>(
    kind: K,
    request: Request,
  ): Promise<Extract<Response, { kind: K }>> {
    const response = await this.ask(request);
    if (!isOf(kind, response)) throw new Error('the engine gave a response of another kind');
    return response;
  }

  async close(): Promise<void> {
    if (this.gone !== undefined) return;
    this.closing = true;
    await this.ask({ kind: 'close' });
    await this.ended;
  }

  private async send(request: Request): Promise<Response> {
    return await new Promise((resolve, reject) => {
      if (this.gone !== undefined) {
        reject(this.gone);
        return;
      }
      const id = ++this.lastId;
      this.pending.set(id, { resolve, reject });
      this.outbox.push({ id, request });
      // When nothing else is under way, nothing is gained by waiting for more requests to send along.
      if (this.pending.size === 1 || this.outbox.length >= MESSAGE_SIZE) this.flush();
      else if (this.outbox.length === 1)
        setImmediate(() => {
          this.flush();
        });
    });
  }

  private flush(): void {
    if (this.outbox.length === 0) return;
    const batch = this.outbox;
    this.outbox = [];
    this.link.send(batch);
  }

  private receive({ time, responses, housekeeping, arraysMade }: EngineMessage): void {
    this.time = time;
    if (housekeeping !== undefined) this.hears.housekeeping(housekeeping);
    if (arraysMade !== undefined) this.hears.arraysMade(arraysMade);
    for (const { id, response } of responses) {
      this.pending.get(id)?.resolve(response);
      this.pending.delete(id);
    }
  }

  private lose(fault: StoreFault): void {
    const isFirst = this.gone === undefined;
    this.gone ??= withDetails(fault, this.at);
    for (const { reject } of this.pending.values()) reject(this.gone);
    this.pending.clear();
    this.end();
    if (isFirst && !this.closing) this.hears.lost(this.gone);
  }
}

const isOf = <K extends Response['kind']>(
  kind: K,
  response: Response,
): response is Extract<Response, { kind: K }> => response.kind === kind;

/** What the thread of an engine makes lives for one request, so little room for it is enough. V8 would take 100 MB by itself. */
const YOUNG_MB = 8;

/** Starts an engine in a thread of its own, where its synchronous work stops nobody. */
export const startInThread: StartEngine = (settings, listener) => {
  const source = import.meta.url.endsWith('.ts');
  const worker = new Worker(new URL(source ? './worker.ts' : './worker.js', import.meta.url), {
    workerData: settings,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    execArgv: source ? ['--conditions=source', '--disable-warning=ExperimentalWarning'] : [],
  });
  worker.on('message', listener.received);
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
