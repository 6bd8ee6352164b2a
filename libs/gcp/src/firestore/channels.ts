import type { Client } from './client.ts';
import { failureOf } from './failure.ts';

/** Calls at once on one connection; Google's front end takes 100, and more would wait unseen behind its deadline. */
const MAX_CALLS = 80;
const MAX_CHANNELS = 10;

interface Channel {
  readonly client: Client;
  readonly ready: Promise<unknown>;
  calls: number;
}

/**
 * The connections to Firestore: one, and more while many calls are under way. One on which a call was given up may be dead
 * without anybody having said so: it takes no more calls, and is closed once those that it has are done.
 */
export class Channels {
  private readonly open: Channel[] = [];
  private readonly retired = new Set<Channel>();
  private readonly make: () => Client;

  constructor(make: () => Client) {
    this.make = make;
  }

  /** Runs a call on the connection with the fewest calls. */
  async use<T>(givenUp: AbortSignal, call: (client: Client) => Promise<T>): Promise<T> {
    const channel = this.leastBusy();
    channel.calls++;
    const retire = (): void => {
      this.retire(channel);
    };
    givenUp.addEventListener('abort', retire, { once: true });
    try {
      await channel.ready;
      return await call(channel.client);
    } catch (error) {
      // The client has the same deadline, and may be the first to notice.
      if (failureOf(error).code === 'DEADLINE_EXCEEDED') this.retire(channel);
      await this.dropIfNeverReady(channel);
      throw error;
    } finally {
      channel.calls--;
      if (channel.calls === 0 && this.retired.delete(channel))
        channel.client.close().catch(ignoreFailure);
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.allSettled(
      [...this.open.splice(0), ...this.retired].map(async ({ client }) => {
        await client.close();
      }),
    );
  }

  private retire(channel: Channel): void {
    const at = this.open.indexOf(channel);
    if (at < 0) return;
    this.open.splice(at, 1);
    this.retired.add(channel);
  }

  private leastBusy(): Channel {
    const least = this.open.reduce<Channel | undefined>(
      (best, one) => (best === undefined || one.calls < best.calls ? one : best),
      undefined,
    );
    if (least !== undefined && (least.calls < MAX_CALLS || this.open.length >= MAX_CHANNELS))
      return least;
    const client = this.make();
    const ready = client.initialize();
    ready.catch(ignoreFailure);
    const channel = { client, ready, calls: 0 };
    this.open.push(channel);
    return channel;
  }

  // A client that found no credentials would never look for them again.
  private async dropIfNeverReady(channel: Channel): Promise<void> {
    const isReady = await channel.ready.then(
      () => true,
      () => false,
    );
    const at = this.open.indexOf(channel);
    if (!isReady && at >= 0) this.open.splice(at, 1);
  }
}

const ignoreFailure = (): void => undefined;
