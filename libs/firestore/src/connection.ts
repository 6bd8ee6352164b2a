import { within } from '@keyserver/retry';
import type { Timers } from '@keyserver/time';
import { Channels } from './channels.ts';
import { type Client, callOptions, makeClient } from './client.ts';
import { closed, failureOf } from './failure.ts';
import { Names, type Reading, type ReadMessage, type Write, readMessage } from './wire.ts';
import type { CallLimits } from './call-limits.ts';
import type { StructuredQuery } from './query-request.ts';

const ROLLBACK_MS = 2_000;

interface Stream {
  on(event: 'data', take: (message: unknown) => void): unknown;
  on(event: 'error', take: (error: unknown) => void): unknown;
  on(event: 'end', take: () => void): unknown;
  cancel(): void;
}

/** Takes one message of a read; false when it wants no more. It must not throw. */
export type Take = (message: ReadMessage) => boolean;

/** The four calls that the store makes, each once, with a deadline. What fails is a CallFault. */
export class Connection {
  readonly names: Names;
  /** Aborted once the store is closed. */
  readonly closed: AbortSignal;
  private readonly timers: Timers;
  private readonly channels: Channels;
  private readonly inTheClear: boolean;
  private readonly limits: CallLimits;
  private readonly closing = new AbortController();
  private readonly rollbacks = new Set<Promise<void>>();

  constructor(of: {
    readonly projectId: string;
    readonly databaseId: string;
    readonly emulatorHost: string | undefined;
    readonly limits: CallLimits;
    readonly timers: Timers;
  }) {
    this.timers = of.timers;
    this.names = new Names(of.projectId, of.databaseId);
    this.channels = new Channels(
      {
        make: () => makeClient(of),
        prove: async (client) => {
          await this.prove(client);
        },
      },
      of,
    );
    this.inTheClear = of.emulatorHost !== undefined;
    this.limits = of.limits;
    this.closed = this.closing.signal;
  }

  /** Reads documents by name; the answers come in any order. */
  async batchGet(
    documents: readonly string[],
    of: { readonly fields: readonly string[] | undefined; readonly reading: Reading },
    take: Take,
  ): Promise<void> {
    const request = {
      database: this.names.database,
      documents: [...documents],
      ...(of.fields === undefined ? {} : { mask: { fieldPaths: [...of.fields] } }),
      ...of.reading.consistency(),
    };
    await this.read(
      of.reading,
      (client, options) => client.batchGetDocuments(request, options),
      take,
    );
  }

  /** Runs a query; the answers come in its order. */
  async runQuery(query: StructuredQuery, reading: Reading, take: Take): Promise<void> {
    const request = {
      parent: this.names.documents,
      structuredQuery: query,
      ...reading.consistency(),
    };
    await this.read(reading, (client, options) => client.runQuery(request, options), take);
  }

  /** Applies all writes or none; in a transaction, only if everything that it read still holds. */
  async commit(writes: readonly Write[], transaction?: Uint8Array): Promise<void> {
    const request = {
      database: this.names.database,
      writes: [...writes],
      ...(transaction === undefined ? {} : { transaction }),
    };
    await this.call(this.limits.lockMs, async (client, options, signal) => {
      await client.commit(request, { ...options, signal });
    });
  }

  /** Ends a transaction in the background, so that its locks stand in nobody's way. If that fails, Firestore ends it. */
  rollBack(transaction: Uint8Array): void {
    const request = { database: this.names.database, transaction };
    const done = this.call(ROLLBACK_MS, async (client, options, signal) => {
      await client.rollback(request, { ...options, signal });
    }).catch(ignore);
    this.rollbacks.add(done);
    void done.then(() => this.rollbacks.delete(done));
  }

  /** Ends all connections; what is under way fails. */
  async close(): Promise<void> {
    if (this.closed.aborted) return;
    await Promise.all(this.rollbacks);
    this.closing.abort(closed());
    await this.channels.close();
  }

  private async read(
    reading: Reading,
    open: (client: Client, options: ReturnType<typeof callOptions>) => Stream,
    take: Take,
  ): Promise<void> {
    const { attemptMs, lockMs } = this.limits;
    await this.call(reading.locks ? lockMs : attemptMs, async (client, options, signal) => {
      await drain(open(client, options), signal, (message) => {
        reading.heard(message);
        return take(message);
      });
    });
  }

  /** Reads a document that is not there: the smallest call that has an answer. */
  private async prove(client: Client): Promise<void> {
    const { names, inTheClear, limits } = this;
    const options = callOptions({
      ...{ database: names.database, timeoutMs: limits.proveMs, inTheClear },
    });
    const request = { database: names.database, documents: [names.of('#meta', 'time')] };
    await drain(client.batchGetDocuments(request, options), this.closed, () => true);
  }

  private async call(
    timeoutMs: number,
    send: (
      client: Client,
      options: ReturnType<typeof callOptions>,
      signal: AbortSignal,
    ) => Promise<void>,
  ): Promise<void> {
    const { names, inTheClear, timers } = this;
    const deadline = { ms: timeoutMs, timers, signal: this.closed };
    try {
      await within(deadline, async (signal) => {
        await this.channels.use(signal, async (client) => {
          const options = callOptions({ database: names.database, timeoutMs, inTheClear });
          await send(client, options, signal);
        });
      });
    } catch (error) {
      throw failureOf(error);
    }
  }
}

const ignore = (): void => undefined;

async function drain(stream: Stream, signal: AbortSignal, take: Take): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      stream.cancel();
    };
    signal.addEventListener('abort', stop, { once: true });
    stream.on('error', reject);
    stream.on('end', resolve);
    stream.on('data', (message) => {
      if (take(readMessage(message))) return;
      resolve();
      stop();
    });
  });
}
