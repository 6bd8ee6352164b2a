import { Fault } from '@keyserver/fault';
import type { Cancel, Timers } from '@keyserver/time';
import type { Lease, Leases } from './lease.ts';

/** The lease ended before the work did: somebody else may be doing it already. */
export class LeaseFault extends Fault<'lease_lost'> {
  constructor(message: string, options?: ErrorOptions) {
    super('lease_lost', message, options);
  }
}

interface Terms {
  readonly leases: Leases;
  readonly lengthMs: number;
  readonly timers: Timers;
}

/**
 * Holds one lease by renewing it. Time is counted from before each request, so we count the lease as lost no later than
 * the store does, even when a renewal hangs or the store is away.
 */
export class LeaseKeeper {
  readonly #terms: Terms;
  readonly #loss: AbortController;
  #lease: Lease;
  #cancelExpiry: Cancel;
  #cancelRenewal: Cancel = () => undefined;
  #renewal: Promise<void> = Promise.resolve();
  #released = false;

  /** The keeper of a lease, or undefined while another holds it. */
  static async acquire(terms: Terms, name: string): Promise<LeaseKeeper | undefined> {
    const loss = new AbortController();
    const cancelExpiry = armExpiry(terms, loss);
    let lease: Lease | undefined;
    try {
      lease = await terms.leases.acquire(name, terms.lengthMs);
    } finally {
      if (lease === undefined) cancelExpiry();
    }
    return lease && new LeaseKeeper(terms, lease, { loss, cancelExpiry });
  }

  private constructor(
    terms: Terms,
    lease: Lease,
    { loss, cancelExpiry }: { loss: AbortController; cancelExpiry: Cancel },
  ) {
    this.#terms = terms;
    this.#lease = lease;
    this.#loss = loss;
    this.#cancelExpiry = cancelExpiry;
    this.#scheduleRenewal();
  }

  /** The lease as last renewed. */
  get lease(): Lease {
    return this.#lease;
  }

  /** Aborted when the lease is lost. */
  get lost(): AbortSignal {
    return this.#loss.signal;
  }

  /** Ends the renewals and gives the lease back. */
  async release(): Promise<void> {
    this.#released = true;
    this.#cancelRenewal();
    this.#cancelExpiry();
    await this.#renewal;
    try {
      await this.#terms.leases.release(this.#lease);
    } catch {
      // The work is done and its outcome stands; a lease that cannot be given back ends by itself.
    }
  }

  #scheduleRenewal(): void {
    const { timers, lengthMs } = this.#terms;
    this.#cancelRenewal = timers.after(lengthMs / 3, () => {
      this.#renewal = this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const cancelExpiry = armExpiry(this.#terms, this.#loss);
    const renewed = await this.#askToRenew();
    if (renewed === 'unknown' || renewed === 'lost' || this.#released) cancelExpiry();
    else {
      this.#lease = renewed;
      this.#cancelExpiry();
      this.#cancelExpiry = cancelExpiry;
    }
    if (renewed === 'lost') lose(this.#loss);
    if (!this.#released && !this.lost.aborted) this.#scheduleRenewal();
  }

  // A store that is away may be back before the lease ends; the expiry of the last success decides.
  async #askToRenew(): Promise<Lease | 'lost' | 'unknown'> {
    const { leases, lengthMs } = this.#terms;
    try {
      return (await leases.renew(this.#lease, lengthMs)) ?? 'lost';
    } catch {
      return 'unknown';
    }
  }
}

const armExpiry = ({ timers, lengthMs }: Terms, loss: AbortController): Cancel =>
  timers.after(lengthMs, () => {
    lose(loss);
  });

const lose = (loss: AbortController): void => {
  loss.abort(new LeaseFault('the lease ended before the work did'));
};
