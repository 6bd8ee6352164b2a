import type { UnixMillis } from '@keyserver/time';

/** An exclusive right to run that expires. Its fence is larger than that of every earlier holder. */
export interface Lease {
  readonly name: string;
  readonly fence: number;
  readonly expiresAt: UnixMillis;
}

/** Exclusive, expiring rights to run, by name. All times are store time. */
export interface Leases {
  /** The lease, or undefined while another holder has it. */
  acquire(name: string, lengthMs: number): Promise<Lease | undefined>;
  /** The same lease with a later end, or undefined when it was lost. */
  renew(lease: Lease, lengthMs: number): Promise<Lease | undefined>;
  /** Gives the lease back; does nothing when it was lost. */
  release(lease: Lease): Promise<void>;
}
