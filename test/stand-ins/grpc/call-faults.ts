import { type Aim, Aimed } from './aimed.ts';
import type { StatusName } from './refusal.ts';

/** What befalls one call. */
export type CallFault =
  | { readonly kind: 'fail'; readonly code: StatusName }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'cut'; readonly when: 'before' | 'after' };

/** How a test makes a stand-in fail, and asks how often it was called. Every argument is plain data. */
export interface CallFaults {
  /** The calls are answered with an error, and nothing is done. */
  fail(fault: Aim & { readonly code: StatusName }): void;
  /** The calls are done late. */
  slow(fault: Aim & { readonly ms: number }): void;
  /** The calls are never answered, and nothing is done. */
  hang(fault: Aim): void;
  /** The connection breaks before the call is done, or after it and before the answer. */
  cut(fault: Aim & { readonly when: 'before' | 'after' }): void;
  /** How many calls of a method have come since the start or the last `clear`. */
  calls(method: string): number;
  /** Forgets all faults and counts. */
  clear(): void;
}

/** The faults that stand, used up call by call. */
export class CallFaultPlan implements CallFaults {
  readonly #aimed = new Aimed<CallFault>();
  readonly #calls = new Map<string, number>();

  fail({ code, ...aim }: Parameters<CallFaults['fail']>[0]): void {
    this.#aimed.arm(aim, { kind: 'fail', code });
  }

  slow({ ms, ...aim }: Parameters<CallFaults['slow']>[0]): void {
    this.#aimed.arm(aim, { kind: 'slow', ms });
  }

  hang(aim: Aim): void {
    this.#aimed.arm(aim, { kind: 'hang' });
  }

  cut({ when, ...aim }: Parameters<CallFaults['cut']>[0]): void {
    this.#aimed.arm(aim, { kind: 'cut', when });
  }

  calls(method: string): number {
    return this.#calls.get(method) ?? 0;
  }

  clear(): void {
    this.#aimed.clear();
    this.#calls.clear();
  }

  /** Counts a call, and gives what befalls it. */
  take(method: string): CallFault | undefined {
    this.#calls.set(method, this.calls(method) + 1);
    return this.#aimed.take(method);
  }
}
