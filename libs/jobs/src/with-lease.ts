import type { Timers } from '@keyserver/time';
import type { TooEarly } from './job.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import type { Lease, Leases } from './lease.ts';

/** What work under a lease is given. */
export interface HeldLease {
  /** Aborted when the lease is lost, or when the caller's own signal is. */
  readonly signal: AbortSignal;
  /** The lease as last renewed; its fence never changes. */
  lease(): Lease;
}

/**
 * Does work under an exclusive lease, renewed each third of its length and given back at the end. While another holds
 * the lease nothing is done. Writes of the work must check the fence: a lease may be lost at any moment.
 */
export async function withLease<T>(
  options: {
    readonly leases: Leases;
    readonly name: string;
    readonly lengthMs: number;
    readonly signal?: AbortSignal;
    readonly timers: Timers;
  },
  work: (held: HeldLease) => Promise<T>,
): Promise<T | TooEarly> {
  const { leases, name, lengthMs, signal, timers } = options;
  const keeper = await LeaseKeeper.acquire({ leases, lengthMs, timers }, name);
  if (keeper === undefined) return { kind: 'too_early' };
  const signals = signal === undefined ? [keeper.lost] : [keeper.lost, signal];
  try {
    return await work({ signal: AbortSignal.any(signals), lease: () => keeper.lease });
  } finally {
    await keeper.release();
  }
}
