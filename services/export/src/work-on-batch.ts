import type { BatchQueue, ExportBatch } from '@keyserver/export-file';
import { type Logger, configuredId, faultTrail } from '@keyserver/log';
import type { Clock } from '@keyserver/time';
import { type BatchOutcome, type ExportBatchDeps, exportBatch } from './export-batch.ts';
import type { NoteFault } from './create-batches.ts';
import { type Failure, type LeasedWorkDeps, underLease } from './under-lease.ts';

/** What it takes to work on a leased batch. */
export interface WorkOnBatchDeps extends ExportBatchDeps, LeasedWorkDeps {
  readonly queue: BatchQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly noteFault: NoteFault;
}

/** What became of a leased batch; interrupted means that the call ended, or that another worker has it now. */
export interface WorkedBatch {
  readonly batch: ExportBatch;
  readonly outcome: 'stored' | 'empty' | 'no_signer' | 'paused' | 'failed' | 'interrupted';
}

/** Works on a batch under its own deadline while its lease is kept, and gives it back whatever happens. */
export async function workOnBatch(
  deps: WorkOnBatchDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<WorkedBatch> {
  const { clock, log } = deps;
  const start = clock.now();
  const result = await underLease(
    deps,
    { queue: deps.queue, piece: batch },
    signal,
    async (held) => await exportBatch(deps, batch, held),
  );
  if (result.kind === 'failed') deps.noteFault(result.fault);
  logOutcome(log, batch, { result, ms: Math.max(0, clock.now() - start) });
  return { batch, outcome: outcomeOf(result, signal) };
}

function outcomeOf(result: BatchOutcome | Failure, signal: AbortSignal): WorkedBatch['outcome'] {
  switch (result.kind) {
    case 'stored':
    case 'empty':
    case 'no_signer':
    case 'paused':
      return result.kind;
    case 'lost':
      return 'interrupted';
    case 'object_conflict':
      return 'failed';
    case 'failed':
      return signal.aborted || result.reason === 'lease_lost' ? 'interrupted' : 'failed';
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
    case 'paused':
      log.event('export.batch_paused', ids);
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
