export type { Lease, Leases } from './lease.ts';
