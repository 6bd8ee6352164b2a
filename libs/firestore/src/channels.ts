import { Channel, type ChannelMaker, type ChannelParts } from './channel.ts';
import type { Client } from './client.ts';
import { failureOf } from './failure.ts';

/** Calls at once on one connection; Google's front end takes 100, and more would wait unseen behind its deadline. */
const MAX_CALLS = 80;
const MAX_CHANNELS = 10;

/**
 * The connections to Firestore: one, and more while many calls are under way. A connection may be dead without anybody having
 * said so: networks drop what is idle, and keep silent about it. So one that was idle for long is not used again; one that
 * keeps a call waiting is tried, and if that is not answered either, all its calls fail at once and it is closed.
 */
export class Channels {
  private readonly open = new Set<Channel>();
  private readonly retired = new Set<Channel>();
  private readonly maker: ChannelMaker;
  private readonly parts: ChannelParts;

  constructor(maker: ChannelMaker, parts: ChannelParts) {
    this.maker = maker;
    this.parts = parts;
  }

  /** Runs a call on the connection with the fewest calls. */
  async use<T>(givenUp: AbortSignal, call: (client: Client) => Promise<T>): Promise<T> {
    const channel = this.leastBusy();
    const retire = (): void => {
      this.retire(channel);
    };
    givenUp.addEventListener('abort', retire, { once: true });
    try {
      return await channel.run(call, retire);
    } catch (error) {
      // The client has the same deadline, and may be the first to notice.
      if (failureOf(error).code === 'DEADLINE_EXCEEDED') this.retire(channel);
      // A client that found no credentials would never look for them again.
      if (!(await channel.isReady())) this.open.delete(channel);
      throw error;
    } finally {
      this.closeIfDone(channel);
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const channels = [...this.open, ...this.retired];
    this.open.clear();
    await Promise.allSettled(
      channels.map(async (channel) => {
        await channel.close();
      }),
    );
  }

  /** Lets a connection take no more calls; it is closed once those that it has are done. */
  private retire(channel: Channel): void {
    if (!this.open.delete(channel)) return;
    this.retired.add(channel);
    this.closeIfDone(channel);
  }

  private closeIfDone(channel: Channel): void {
    if (channel.calls > 0 || !this.retired.delete(channel)) return;
    channel.close().catch(ignoreFailure);
  }

  private leastBusy(): Channel {
    for (const channel of this.open)
      if (channel.idleFor() > this.parts.limits.idleMs) this.retire(channel);
    const least = [...this.open].reduce<Channel | undefined>(
      (best, one) => (best === undefined || one.calls < best.calls ? one : best),
      undefined,
    );
    if (least !== undefined && (least.calls < MAX_CALLS || this.open.size >= MAX_CHANNELS))
      return least;
    const channel = new Channel(this.maker, this.parts);
    this.open.add(channel);
    return channel;
  }
}

const ignoreFailure = (): void => undefined;
