import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { StoreFault } from '@keyserver/docstore';
import {
  type Answer,
  type Asked,
  type Delivery,
  MESSAGE_SIZE,
  type Request,
  type WorkerSettings,
} from './protocol.ts';

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (fault: Error) => void;
}

/** The main thread's end of the worker: sends requests in batches and matches the answers. */
export class Connection {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private outbox: Asked[] = [];
  private ticket = 0;
  private gone: StoreFault | undefined;
  /** The latest store time that the worker saw. */
  time = 0;

  constructor(settings: WorkerSettings) {
    const source = import.meta.url.endsWith('.ts');
    this.worker = new Worker(new URL(source ? './worker.ts' : './worker.js', import.meta.url), {
      workerData: settings,
      execArgv: source ? ['--conditions=source', '--disable-warning=ExperimentalWarning'] : [],
    });
    this.worker.on('message', (delivery: Delivery) => {
      this.receive(delivery);
    });
    this.worker.on('error', (error) => {
      this.lose(new StoreFault('unavailable', 'the database worker failed', { cause: error }));
    });
    this.worker.on('exit', () => {
      this.lose(new StoreFault('unavailable', 'the database is closed'));
    });
  }

  /** The answer to a request; a fault that the worker names is thrown. */
  async ask(request: Request): Promise<Answer> {
    const answer = await this.send(request);
    if (answer.kind === 'fault') throw new StoreFault(answer.reason, answer.message);
    return answer;
  }

  async close(): Promise<void> {
    if (this.gone !== undefined) return;
    const exit = once(this.worker, 'exit');
    await this.ask({ kind: 'close' });
    await exit;
  }

  private async send(request: Request): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      if (this.gone !== undefined) {
        reject(this.gone);
        return;
      }
      const ticket = this.ticket++;
      this.pending.set(ticket, { resolve, reject });
      this.outbox.push({ ticket, request });
      if (this.outbox.length >= MESSAGE_SIZE) this.flush();
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
    this.worker.postMessage(batch);
  }

  private receive(delivery: Delivery): void {
    this.time = Math.max(this.time, delivery.time);
    for (const { ticket, answer } of delivery.answers) {
      this.pending.get(ticket)?.resolve(answer);
      this.pending.delete(ticket);
    }
  }

  private lose(fault: StoreFault): void {
    this.gone ??= fault;
    for (const { reject } of this.pending.values()) reject(this.gone);
    this.pending.clear();
  }
}
