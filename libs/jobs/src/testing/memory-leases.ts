import { type Clock, unixMillis } from '@keyserver/time';
import type { Lease, Leases } from '../lease.ts';

/** Leases of one process, for tests of what is done under them. */
export function memoryLeases(clock: Clock): Leases {
  const held = new Map<string, Lease>();
  const isHeld = (lease: Lease | undefined): boolean =>
    lease !== undefined && lease.expiresAt > clock.now();
  const grant = (name: string, fence: number, lengthMs: number): Lease => {
    const lease = { name, fence, expiresAt: unixMillis(clock.now() + lengthMs) };
    held.set(name, lease);
    return lease;
  };
  const isHolder = ({ name, fence }: Lease): boolean => {
    const current = held.get(name);
    return isHeld(current) && current?.fence === fence;
  };
  return {
    acquire: (name, lengthMs) => {
      const current = held.get(name);
      const lease = isHeld(current) ? undefined : grant(name, (current?.fence ?? 0) + 1, lengthMs);
      return Promise.resolve(lease);
    },
    renew: (lease, lengthMs) =>
      Promise.resolve(isHolder(lease) ? grant(lease.name, lease.fence, lengthMs) : undefined),
    release: (lease) => {
      if (isHolder(lease)) held.set(lease.name, { ...lease, expiresAt: unixMillis(0) });
      return Promise.resolve();
    },
  };
}
