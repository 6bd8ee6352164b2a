import type { Random } from '@keyserver/random';

/** A call of the store that failed: its work may be done or not. */
export class Failure extends Error {}

/** How a step of a worker ends: as it should, without having been done, or done with nobody hearing of it. */
type Ending = 'done' | 'failed' | 'unheard';

/** A process that works, on several things at once. A dead one takes no further step. */
export class Worker {
  isDead = false;
  private readonly turns: Turns;

  constructor(turns: Turns) {
    this.turns = turns;
  }

  /** Does one step, which nothing else divides, when the turn comes to it. Anything may happen before. */
  async step<T>(work: () => T): Promise<T> {
    const ending = await this.turns.wait(this);
    if (ending === 'failed') throw new Failure();
    const done = work();
    if (ending === 'unheard') throw new Failure();
    return done;
  }
}

interface Waiting {
  readonly worker: Worker;
  readonly go: (ending: Ending) => void;
}

/**
 * Lets workers take their steps one at a time, in an order that is drawn. So every order in which the store could see their
 * transactions may come up, and the same draws play the same history again.
 */
export class Turns {
  private readonly random: Random;
  private readonly waiting: Waiting[] = [];
  private readonly workers = new Set<Worker>();
  private readonly bugs: unknown[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  /** How many workers are at work. */
  get atWork(): number {
    return this.workers.size;
  }

  /** A new worker begins. It is at work until it is done or dies. */
  async start(job: (worker: Worker) => Promise<void>): Promise<void> {
    const worker = new Worker(this);
    this.workers.add(worker);
    job(worker)
      .catch((bug: unknown) => this.bugs.push(bug))
      .finally(() => this.workers.delete(worker));
    await this.standstill();
  }

  /** Waits for a turn of the worker. */
  async wait(worker: Worker): Promise<Ending> {
    return await new Promise((go) => {
      // What a dead worker waits for never comes.
      if (!worker.isDead) this.waiting.push({ worker, go });
    });
  }

  /**
   * Whoever is drawn takes a step; whether there was anybody. One step in `deadly` kills the worker or fails; 0 harms nobody.
   */
  async next(deadly: number): Promise<boolean> {
    const [drawn] = this.waiting.splice(this.random.below(this.waiting.length || 1), 1);
    if (drawn === undefined) return false;
    const ending = deadly > 0 && this.random.below(deadly) === 0 ? this.random.below(3) : 3;
    if (ending === 0) this.kill(drawn.worker);
    else drawn.go(ending === 1 ? 'failed' : ending === 2 ? 'unheard' : 'done');
    await this.standstill();
    return true;
  }

  private kill(worker: Worker): void {
    worker.isDead = true;
    this.workers.delete(worker);
    const alive = this.waiting.filter((one) => one.worker !== worker);
    this.waiting.splice(0, Infinity, ...alive);
  }

  /** Everybody waits for a turn, is done or dead: between two steps nothing but promises is waited for. */
  private async standstill(): Promise<void> {
    await new Promise((still) => setImmediate(still));
    if (this.bugs.length > 0) throw new AggregateError(this.bugs, 'a worker met a bug');
  }
}
