import type { BatchQueue, ExportBatch } from '@keyserver/export-file';
import { LeaseFault, type Leases, withLease } from '@keyserver/jobs';
import { type Logger, configuredId, faultTrail } from '@keyserver/log';
import { DeadlineFault } from '@keyserver/retry';
import type { Clock, Timers } from '@keyserver/time';
import { type BatchOutcome, type ExportBatchDeps, exportBatch } from './export-batch.ts';
import type { NoteFault } from './create-batches.ts';

/** What it takes to work on a leased batch. */
export interface WorkOnBatchDeps extends ExportBatchDeps {
  readonly queue: BatchQueue;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly noteFault: NoteFault;
  /** Length of a batch's lease in ms; it is renewed while the work goes on. */
  readonly leaseMs: number;
  /** How long the work on one batch may take, in ms. */
  readonly batchDeadlineMs: number;
}

/** What became of a leased batch; interrupted means that the call ended, or that another worker has it now. */
export interface WorkedBatch {
  readonly batch: ExportBatch;
  readonly outcome: 'stored' | 'empty' | 'no_signer' | 'failed' | 'interrupted';
}

interface Failure {
  readonly kind: 'failed';
  readonly reason: 'lease_lost' | 'deadline' | 'fault';
  readonly fault: unknown;
}

/** Works on a batch under its own deadline while its lease is kept, and gives it back whatever happens. */
export async function workOnBatch(
  deps: WorkOnBatchDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<WorkedBatch> {
  const { clock, log } = deps;
  const start = clock.now();
  const result = await underLease(deps, batch, signal);
  if (result.kind === 'failed') deps.noteFault(result.fault);
  logOutcome(log, batch, { result, ms: Math.max(0, clock.now() - start) });
  return { batch, outcome: outcomeOf(result, signal) };
}

function outcomeOf(result: BatchOutcome | Failure, signal: AbortSignal): WorkedBatch['outcome'] {
  switch (result.kind) {
    case 'stored':
    case 'empty':
    case 'no_signer':
      return result.kind;
    case 'lost':
      return 'interrupted';
    case 'object_conflict':
      return 'failed';
    case 'failed':
      return signal.aborted || result.reason === 'lease_lost' ? 'interrupted' : 'failed';
  }
}

async function underLease(
  deps: WorkOnBatchDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<BatchOutcome | Failure> {
  const { queue, timers, leaseMs } = deps;
  const deadline = new AbortController();
  const cancel = timers.after(deps.batchDeadlineMs, () => {
    deadline.abort(new DeadlineFault(deps.batchDeadlineMs));
  });
  const lease = {
    leases: queueLeases(queue, batch),
    name: batch.id,
    lengthMs: leaseMs,
    signal: AbortSignal.any([signal, deadline.signal]),
    timers,
  };
  try {
    const result = await withLease(lease, async (held) => await guarded(deps, batch, held.signal));
    return result.kind === 'too_early' ? { kind: 'lost' } : result;
  } catch (fault) {
    return { kind: 'failed', reason: 'fault', fault };
  } finally {
    cancel();
  }
}

async function guarded(
  deps: WorkOnBatchDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<BatchOutcome | Failure> {
  try {
    return await exportBatch(deps, batch, signal);
  } catch (fault) {
    const lost = signal.reason instanceof LeaseFault;
    const reason = lost ? 'lease_lost' : signal.aborted ? 'deadline' : 'fault';
    return { kind: 'failed', reason, fault };
  }
}

function logOutcome(
  log: Logger,
  batch: ExportBatch,
  { result, ms }: { readonly result: BatchOutcome | Failure; readonly ms: number },
): void {
  const ids = { config: configuredId(batch.config), batch: configuredId(batch) };
  switch (result.kind) {
    case 'stored': {
      const { keys, padding, files, attempt } = result;
      log.event('export.batch_finished', { ...ids, keys, padding, files, attempt, ms });
      return;
    }
    case 'empty':
      log.event('export.batch_finished', {
        ...ids,
        keys: 0,
        padding: 0,
        files: 0,
        attempt: batch.attempt,
        ms,
      });
      return;
    case 'no_signer':
      log.event('export.no_signer', { config: ids.config });
      return;
    case 'lost':
      log.event('export.batch_failed', { ...ids, reason: 'lease_lost' });
      return;
    case 'object_conflict':
      log.event('export.batch_failed', { ...ids, reason: 'object_conflict' });
      return;
    case 'failed':
      log.event('export.batch_failed', {
        ...ids,
        reason: result.reason,
        causes: faultTrail(result.fault),
      });
  }
}

/** The lease of one batch that is held already, to be kept and given back like any other lease. */
const queueLeases = (queue: BatchQueue, batch: ExportBatch): Leases => ({
  acquire: async (name) =>
    await Promise.resolve({ name, fence: batch.fence, expiresAt: batch.leaseExpires }),
  renew: async (lease, lengthMs) => {
    const renewed = await queue.renew(batch, lengthMs);
    return renewed === undefined ? undefined : { ...lease, expiresAt: renewed.leaseExpires };
  },
  release: async () => {
    await queue.release(batch);
  },
});
