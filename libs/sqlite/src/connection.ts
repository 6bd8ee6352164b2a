import { StoreFault } from '@keyserver/docstore';
import type { EngineLink, StartEngine } from './engine-link.ts';
import { withDetails } from './fault.ts';
import type { HousekeepingFault } from './housekeeping-fault.ts';
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

/** What is heard of an engine besides answers. */
export interface ConnectionListener {
  /** All housekeeping that fails, whenever that changes. */
  readonly housekeeping: (faults: readonly HousekeepingFault[]) => void;
  /** The array indexes were made anew, with so many entries. */
  readonly arraysMade: (entries: number) => void;
  /** The engine has ended although nobody closed it; it does not come back. */
  readonly lost: (fault: StoreFault) => void;
}

/** The store's end of the way to its engine: sends requests in batches and matches the answers. */
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
  private outbox: Asked[] = [];
  private ticket = 0;
  private closing = false;
  private gone: StoreFault | undefined;

  constructor(settings: WorkerSettings, start: StartEngine, hears: ConnectionListener) {
    this.at = { path: settings.file };
    this.hears = hears;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    this.link = start(settings, {
      delivered: (delivery) => {
        this.receive(delivery);
      },
      ended: (fault) => {
        this.lose(fault);
      },
    });
  }

  /** The answer to a request; a fault that the engine names is thrown. */
  async ask(request: Request): Promise<Answer> {
    const answer = await this.send(request);
    if (answer.kind !== 'fault') return answer;
    const { reason, message, details } = answer;
    throw new StoreFault(reason, message, { details: { ...details, ...this.at } });
  }

  async close(): Promise<void> {
    if (this.gone !== undefined) return;
    this.closing = true;
    await this.ask({ kind: 'close' });
    await this.ended;
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
      // Who asks alone gains nothing by waiting for company.
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

  private receive(delivery: Delivery): void {
    this.time = delivery.time;
    if (delivery.housekeeping !== undefined) this.hears.housekeeping(delivery.housekeeping);
    if (delivery.arraysMade !== undefined) this.hears.arraysMade(delivery.arraysMade);
    for (const { ticket, answer } of delivery.answers) {
      this.pending.get(ticket)?.resolve(answer);
      this.pending.delete(ticket);
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
