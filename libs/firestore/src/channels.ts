import { type Timers, every, sleep } from '@keyserver/time';
import type { Client } from './client.ts';
import { overdue, failureOf } from './failure.ts';
import type { CallLimits } from './call-limits.ts';

/** How connections are made and tried. */
export interface ChannelMaker {
  make(): Client;
  /** Makes a small call that waits for nobody, and is answered if the connection lives. */
  prove(client: Client): Promise<unknown>;
}

/** What a connection measures its time with, and by what limits. */
export interface ChannelParts {
  readonly limits: CallLimits;
  readonly timers: Timers;
}

/** One connection and the calls that are under way on it. */
class Channel {
  calls = 0;
  private readonly client: Client;
  private readonly ready: Promise<unknown>;
  private readonly maker: ChannelMaker;
  private readonly parts: ChannelParts;
  private readonly death = new AbortController();
  private lastUsed: number;
  private hasAnswered = false;
  private trial: Promise<void> | undefined;

  constructor(maker: ChannelMaker, parts: ChannelParts) {
    this.maker = maker;
    this.parts = parts;
    this.lastUsed = parts.timers.monotonic();
    this.client = maker.make();
    this.ready = this.client.initialize();
    this.ready.catch(ignore);
  }

  /** How long nothing was called. By the clock and not by a timer: a machine may stand still while nobody calls. */
  idleFor(): number {
    return this.calls > 0 ? 0 : this.parts.timers.monotonic() - this.lastUsed;
  }

  /** Whether credentials were found. */
  async isReady(): Promise<boolean> {
    return await this.ready.then(
      () => true,
      () => false,
    );
  }

  /** Runs a call, until it ends or the connection is found dead, of which `died` is told first. */
  async run<T>(call: (client: Client) => Promise<T>, died: () => void): Promise<T> {
    this.calls++;
    const { limits, timers } = this.parts;
    const endSuspicion = every(timers, limits.suspectMs, () => {
      // One that never answered is still being made, which may take longer than an answer.
      if (this.hasAnswered) this.trial ??= this.try(died);
    });
    try {
      await this.ready;
      const answer = await this.whileAlive(call(this.client));
      this.hasAnswered = true;
      return answer;
    } finally {
      endSuspicion();
      this.calls--;
      this.lastUsed = timers.monotonic();
    }
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  private async whileAlive<T>(answer: Promise<T>): Promise<T> {
    const { signal } = this.death;
    if (signal.aborted) throw overdue();
    let stop = ignore;
    const dead = new Promise<never>((_resolve, reject) => {
      stop = () => {
        reject(overdue());
      };
      signal.addEventListener('abort', stop);
    });
    try {
      return await Promise.race([answer, dead]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Any answer shows that the connection lives, also one that refuses. */
  private async try(died: () => void): Promise<void> {
    await this.ready.catch(ignore);
    const proof = this.maker.prove(this.client).then(ignore, ignore);
    const lives = await Promise.race([proof.then(() => true), silence(this.parts)]);
    this.trial = undefined;
    if (lives) return;
    died();
    this.death.abort();
  }
}

/** False after a while in which this machine was awake: one that stood still has yet to read what came meanwhile. */
async function silence({ limits, timers }: ChannelParts): Promise<false> {
  const ms = limits.proveMs;
  for (;;) {
    const due = timers.monotonic() + ms;
    await sleep(timers, ms, { unref: true });
    if (timers.monotonic() - due < ms / 2) return false;
  }
}

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
    channel.close().catch(ignore);
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

const ignore = (): void => undefined;
