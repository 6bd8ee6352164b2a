import type { RunningService } from '@keyserver/service';
import { Life, startIn } from './mortal-stores.ts';

/** The services of a server that run now, each with a life that may end at any use of its store. */
export class RunningParts<P extends string> {
  readonly #running = new Map<P, { readonly service: RunningService; readonly life: Life }>();
  readonly #start: (part: P) => Promise<RunningService>;

  constructor(start: (part: P) => Promise<RunningService>) {
    this.#start = start;
  }

  /** Where a service answers; undefined when it is stopped or dead. */
  urlOf(part: P): string | undefined {
    return this.isDead(part) ? undefined : this.#running.get(part)?.service.url;
  }

  isDead(part: P): boolean {
    return this.#running.get(part)?.life.isOver ?? true;
  }

  /** Starts those that are stopped. */
  async start(parts: readonly P[]): Promise<void> {
    for (const part of parts) {
      if (this.#running.has(part)) continue;
      const life = new Life();
      const service = await startIn(life, async () => await this.#start(part));
      this.#running.set(part, { service, life });
    }
  }

  async stop(parts: readonly P[]): Promise<void> {
    for (const part of parts) {
      const known = this.#running.get(part);
      this.#running.delete(part);
      // The dead give nothing back in order.
      await known?.service.close().catch((fault: unknown) => {
        if (!known.life.isOver) throw fault;
      });
    }
  }

  /** Lets a service die after so many uses of its store. */
  kill(part: P, uses: number): void {
    this.#running.get(part)?.life.endAfter(uses);
  }

  /** Starts anew those that have died, and lets the others live; tells how many had died. */
  async raise(): Promise<number> {
    const dead = [...this.#running].filter(([, { life }]) => life.isOver).map(([part]) => part);
    for (const { life } of this.#running.values()) life.endAfter(Infinity);
    await this.stop(dead);
    await this.start(dead);
    return dead.length;
  }
}
