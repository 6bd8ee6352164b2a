/** Which calls a fault hits: so many of one method (1 unless told), after as many have passed unharmed. */
export interface Aim {
  readonly method: string;
  readonly times?: number;
  readonly after?: number;
}

interface Armed<F> {
  readonly method: string;
  readonly fault: F;
  passing: number;
  left: number;
}

/** Faults of one kind that stand, used up call by call. */
export class Aimed<F> {
  #armed: Armed<F>[] = [];

  arm({ method, times = 1, after = 0 }: Aim, fault: F): void {
    this.#armed.push({ method, fault, passing: after, left: times });
  }

  /** What befalls the next call of a method. */
  take(method: string): F | undefined {
    for (const one of this.#armed.filter((armed) => armed.method === method)) {
      if (one.passing-- > 0) continue;
      if (one.left-- > 0) return one.fault;
    }
    return undefined;
  }

  clear(): void {
    this.#armed = [];
  }
}
