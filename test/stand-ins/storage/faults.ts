/** What a request asks of Cloud Storage; `insert` is every request that carries or begins an upload. */
export type StorageOp =
  | 'insert'
  | 'status'
  | 'cancel'
  | 'get'
  | 'download'
  | 'delete'
  | 'list'
  | 'permissions'
  | 'policy'
  | 'public';

/** Which requests a fault hits: so many of one kind, after as many have passed unharmed. */
interface Aim {
  readonly op: StorageOp;
  readonly times: number;
  readonly after?: number;
}

/** What befalls one request. */
export type Fault =
  | { readonly kind: 'fail'; readonly status: number }
  | { readonly kind: 'cut'; readonly when: 'before' | 'middle' | 'after' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'corrupt' };

/** Orders to fail. Every argument is plain data, so that another process can give it. */
export interface StorageFaults {
  /** The request is refused with a status, and nothing is done. */
  fail(fault: Aim & { readonly status: number }): void;
  /** The connection breaks before anything is done, halfway through what is carried, or once it is done. */
  cut(fault: Aim & { readonly when: 'before' | 'middle' | 'after' }): void;
  /** The request is never answered, and nothing is done. */
  hang(fault: Aim): void;
  /** The request is done late. */
  slow(fault: Aim & { readonly ms: number }): void;
  /** One byte of the content changes on its way. */
  corrupt(fault: Aim): void;
  /** How many requests of a kind have come since the start or the last `clear`. */
  calls(op: StorageOp): number;
  /** Forgets all orders and counts. */
  clear(): void;
}

interface Order {
  readonly op: StorageOp;
  readonly fault: Fault;
  passing: number;
  left: number;
}

/** The orders that stand, and the requests they have hit. */
export class FaultPlan implements StorageFaults {
  #orders: Order[] = [];
  readonly #calls = new Map<StorageOp, number>();

  fail({ status, ...aim }: Aim & { readonly status: number }): void {
    this.#order(aim, { kind: 'fail', status });
  }

  cut({ when, ...aim }: Aim & { readonly when: 'before' | 'middle' | 'after' }): void {
    this.#order(aim, { kind: 'cut', when });
  }

  hang(aim: Aim): void {
    this.#order(aim, { kind: 'hang' });
  }

  slow({ ms, ...aim }: Aim & { readonly ms: number }): void {
    this.#order(aim, { kind: 'slow', ms });
  }

  corrupt(aim: Aim): void {
    this.#order(aim, { kind: 'corrupt' });
  }

  calls(op: StorageOp): number {
    return this.#calls.get(op) ?? 0;
  }

  clear(): void {
    this.#orders = [];
    this.#calls.clear();
  }

  /** Counts a request and says what befalls it; the oldest order that aims at it wins. */
  next(op: StorageOp): Fault | undefined {
    this.#calls.set(op, this.calls(op) + 1);
    let fault: Fault | undefined;
    for (const order of this.#orders.filter((each) => each.op === op)) {
      if (order.passing > 0) order.passing--;
      else if (fault === undefined && order.left-- > 0) fault = order.fault;
    }
    this.#orders = this.#orders.filter(({ left }) => left > 0);
    return fault;
  }

  #order({ op, times, after = 0 }: Aim, fault: Fault): void {
    this.#orders.push({ op, fault, passing: after, left: times });
  }
}
