import type { StatusName } from './refusal.ts';

/** What may go wrong with the calls of a method, as plain data. `times` is 1 unless told; the first `after` calls are spared. */
interface Planned {
  readonly method: string;
  readonly times?: number;
  readonly after?: number;
}

/** What changes on its way, and whether the checksum is changed with it, so that it reveals nothing. */
export interface Corruption {
  readonly field: string;
  readonly of?: 'request' | 'response';
  readonly consistent?: boolean;
}

/** What happens to one call. */
export type Fault =
  | { readonly kind: 'fail'; readonly code: StatusName }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'cut'; readonly when: 'before' | 'after' }
  | ({ readonly kind: 'corrupt' } & Corruption);

/** How a test makes a stand-in fail, and asks how often it was called. */
export interface KmsFaults {
  /** The calls are answered with an error. */
  fail(plan: Planned & { readonly code: StatusName }): void;
  /** The calls are answered late. */
  slow(plan: Planned & { readonly ms: number }): void;
  /** The calls are never answered. */
  hang(plan: Planned): void;
  /** The connection breaks before or after the call was served. */
  cut(plan: Planned & { readonly when: 'before' | 'after' }): void;
  /** A field of the request or (unless told) the response is changed; `verified` stands for all flags of that name. */
  corrupt(plan: Planned & Corruption): void;
  /** How many calls of a method have arrived. */
  calls(method: string): number;
  /** Forgets all plans and counts. */
  clear(): void;
}

interface Armed {
  readonly method: string;
  readonly fault: Fault;
  spared: number;
  left: number;
}

/** The plans of a test, used up call by call. */
export class FaultPlan implements KmsFaults {
  private armed: Armed[] = [];
  private readonly counts = new Map<string, number>();

  fail(plan: Parameters<KmsFaults['fail']>[0]): void {
    this.arm(plan, { kind: 'fail', code: plan.code });
  }

  slow(plan: Parameters<KmsFaults['slow']>[0]): void {
    this.arm(plan, { kind: 'slow', ms: plan.ms });
  }

  hang(plan: Planned): void {
    this.arm(plan, { kind: 'hang' });
  }

  cut(plan: Parameters<KmsFaults['cut']>[0]): void {
    this.arm(plan, { kind: 'cut', when: plan.when });
  }

  corrupt(plan: Planned & Corruption): void {
    const { field, of = 'response', consistent = false } = plan;
    this.arm(plan, { kind: 'corrupt', field, of, consistent });
  }

  calls(method: string): number {
    return this.counts.get(method) ?? 0;
  }

  clear(): void {
    this.armed = [];
    this.counts.clear();
  }

  /** Counts a call, and gives what shall go wrong with it. */
  take(method: string): Fault | undefined {
    this.counts.set(method, this.calls(method) + 1);
    for (const one of this.armed.filter((armed) => armed.method === method)) {
      if (one.spared-- > 0) continue;
      if (one.left-- > 0) return one.fault;
    }
    return undefined;
  }

  private arm({ method, times = 1, after = 0 }: Planned, fault: Fault): void {
    this.armed.push({ method, fault, spared: after, left: times });
  }
}
