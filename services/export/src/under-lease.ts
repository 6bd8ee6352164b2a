import type { WorkQueue } from '@keyserver/export-file';
import { LeaseFault, type Leases, withLease } from '@keyserver/jobs';
import { DeadlineFault } from '@keyserver/retry';
import type { Timers, UnixMillis } from '@keyserver/time';

/** How long a piece of work may take, and how its lease is kept. */
export interface LeasedWorkDeps {
  readonly timers: Timers;
  /** Length of the lease in ms; it is renewed while the work goes on. */
  readonly leaseMs: number;
  /** How long the work on one piece may take, in ms. */
  readonly batchDeadlineMs: number;
}

/** Work that did not come to its end. */
export interface Failure {
  readonly kind: 'failed';
  readonly reason: 'lease_lost' | 'deadline' | 'fault';
  readonly fault: unknown;
}

interface Piece {
  readonly id: string;
  readonly fence: number;
  readonly leaseExpires: UnixMillis;
}

/** Does a leased piece of work under its own deadline while its lease is kept, and gives it back whatever happens. */
export async function underLease<T extends Piece, R>(
  { timers, leaseMs, batchDeadlineMs }: LeasedWorkDeps,
  { queue, piece }: { readonly queue: WorkQueue<T>; readonly piece: T },
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<R>,
): Promise<R | { readonly kind: 'lost' } | Failure> {
  const deadline = new AbortController();
  const cancel = timers.after(batchDeadlineMs, () => {
    deadline.abort(new DeadlineFault(batchDeadlineMs));
  });
  const lease = {
    leases: queueLeases(queue, piece),
    name: piece.id,
    lengthMs: leaseMs,
    signal: AbortSignal.any([signal, deadline.signal]),
    timers,
  };
  try {
    const result = await withLease(lease, async (held) => ({
      kind: 'worked' as const,
      value: await guarded(held.signal, work),
    }));
    return result.kind === 'too_early' ? { kind: 'lost' } : result.value;
  } catch (fault) {
    return { kind: 'failed', reason: 'fault', fault };
  } finally {
    cancel();
  }
}

async function guarded<R>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<R>,
): Promise<R | Failure> {
  try {
    return await work(signal);
  } catch (fault) {
    const lost = signal.reason instanceof LeaseFault;
    const reason = lost ? 'lease_lost' : signal.aborted ? 'deadline' : 'fault';
    return { kind: 'failed', reason, fault };
  }
}

/** The lease of one piece that is held already, to be kept and given back like any other lease. */
const queueLeases = <T extends Piece>(queue: WorkQueue<T>, piece: T): Leases => ({
  acquire: async (name) =>
    await Promise.resolve({ name, fence: piece.fence, expiresAt: piece.leaseExpires }),
  renew: async (lease, lengthMs) => {
    const renewed = await queue.renew(piece, lengthMs);
    return renewed === undefined ? undefined : { ...lease, expiresAt: renewed.leaseExpires };
  },
  release: async () => {
    await queue.release(piece);
  },
});
