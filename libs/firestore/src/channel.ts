import { type Timers, every, sleep } from '@keyserver/time';
import type { Client } from './client.ts';
import { overdue } from './failure.ts';
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
export class Channel {
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

const ignore = (): void => undefined;
