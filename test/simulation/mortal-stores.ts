import { AsyncLocalStorage } from 'node:async_hooks';
import type { DocumentStore } from '@keyserver/docstore';

/** The life of one run of a service, which may end between any two of its uses of the store. */
export class Life {
  #left = Infinity;
  #isOver = false;

  /** Whether it has ended; what the service answers from then on has never been sent. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Lets it end after so many more uses, each of which counts before it happens and when its answer is there. */
  endAfter(uses: number): void {
    this.#left = uses;
  }

  /** Throws from its end on, as nothing that a dead process would do may happen. */
  goOn(): void {
    this.#isOver ||= this.#left-- <= 0;
    if (this.#isOver) throw new Error('this process is dead');
  }
}

const starting = new AsyncLocalStorage<Life>();
const lives = new WeakMap<object, Life>();

/** Starts a service: every store that it opens until it runs lives as long as it does. */
export const startIn = async <T>(life: Life, start: () => Promise<T>): Promise<T> =>
  await starting.run(life, start);

const USES = ['get', 'transact', 'deleteAll', 'now', 'certainTime'] as const;
const mortal = new WeakSet();

/**
 * Lets the stores of an engine end with their services: all that are opened from now on, in this process, of the class that this
 * one has. A store that no service opened lives on.
 */
export function makeMortal(store: DocumentStore): void {
  const engine: unknown = Object.getPrototypeOf(store);
  if (!isEngine(engine)) throw new Error('the class of a store has no methods of its own');
  if (mortal.has(engine)) return;
  mortal.add(engine);
  for (const name of USES) mortalise(engine, name);
  const pages = engine.pages;
  engine.pages = function (this: object, ...args) {
    lifeOf(this)?.goOn();
    return pages.apply(this, args);
  };
}

type Method = (this: object, ...args: unknown[]) => Promise<unknown>;
type Engine = Record<(typeof USES)[number], Method> & {
  pages: (this: object, ...args: unknown[]) => AsyncIterable<unknown>;
};

const isEngine = (value: unknown): value is Engine =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'transact');

function mortalise(engine: Engine, name: (typeof USES)[number]): void {
  const method = engine[name];
  engine[name] = async function (this: object, ...args) {
    const life = lifeOf(this);
    life?.goOn();
    const answer = await method.apply(this, args);
    life?.goOn();
    return answer;
  };
}

function lifeOf(store: object): Life | undefined {
  const known = lives.get(store) ?? starting.getStore();
  if (known !== undefined) lives.set(store, known);
  return known;
}
