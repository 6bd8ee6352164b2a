import { takerOf } from '@keyserver/export-file';
import type { PartnerUnit } from '@keyserver/federation';
import { type Logger, configuredId, faultTrail } from '@keyserver/log';
import { keysIn, partnerReaderId, readerOf } from '@keyserver/padding';
import type { UnitStore } from '@keyserver/stores';
import type { Clock } from '@keyserver/time';
import type { NoteFault } from './create-batches.ts';
import { type SettlingDeps, settleSpan } from './settle-span.ts';
import { type Failure, type LeasedWorkDeps, underLease } from './under-lease.ts';

/** What it takes to settle the units of partners. */
export interface SettleUnitsDeps extends SettlingDeps, LeasedWorkDeps {
  readonly units: Pick<UnitStore, 'queue' | 'isWanted' | 'end'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly noteFault: NoteFault;
}

/** What became of a leased unit; interrupted means that the call ended, or that another worker has it now. */
export type WorkedUnit = 'settled' | 'dropped' | 'paused' | 'failed' | 'interrupted';

type UnitOutcome =
  | { readonly kind: 'settled'; readonly padding: number }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'paused' };

/**
 * Settles a unit under its own deadline while its lease is kept, and gives it back whatever happens. Units need no order among
 * them: whoever needs a cell first settles it, and serving waits for the oldest.
 */
export async function workOnUnit(
  deps: SettleUnitsDeps,
  unit: PartnerUnit,
  signal: AbortSignal,
): Promise<WorkedUnit> {
  const { clock, units, noteFault } = deps;
  const start = clock.now();
  const result = await underLease(
    deps,
    { queue: units.queue, piece: unit },
    signal,
    async (held) => await settleUnit(deps, unit, held),
  );
  if (result.kind === 'failed') noteFault(result.fault);
  logUnit(deps.log, unit, { result, ms: Math.max(0, clock.now() - start) });
  switch (result.kind) {
    case 'settled':
    case 'dropped':
    case 'paused':
      return result.kind;
    case 'lost':
      return 'interrupted';
    case 'failed':
      return signal.aborted || result.reason === 'lease_lost' ? 'interrupted' : 'failed';
  }
}

async function settleUnit(
  deps: SettleUnitsDeps,
  unit: PartnerUnit,
  signal: AbortSignal,
): Promise<UnitOutcome> {
  const { units, planOf } = deps;
  if (!(await units.isWanted(unit)))
    return { kind: (await units.end(unit, 'dropped')) === true ? 'dropped' : 'lost' };
  const takes = takerOf(readerOf(unit.partner));
  // Its keys are read when it is served: here nothing of them is kept.
  const begin = () => ({ takes, add: () => undefined });
  const plan = await planOf(unit.start);
  const reader = { span: unit, plan, reader: partnerReaderId(unit.partner) };
  const { generated } = await settleSpan(deps, { reader, begin }, signal);
  const padding = keysIn(generated);
  const ended = await units.end(unit, 'settled');
  if (ended === 'paused') return { kind: 'paused' };
  return ended ? { kind: 'settled', padding } : { kind: 'lost' };
}

function logUnit(
  log: Logger,
  unit: PartnerUnit,
  { result, ms }: { readonly result: UnitOutcome | Failure; readonly ms: number },
): void {
  const ids = { partner: configuredId(unit.partner), unit: configuredId(unit) };
  switch (result.kind) {
    case 'settled':
      log.event('federation.unit_settled', { ...ids, padding: result.padding, ms });
      return;
    case 'dropped':
      log.event('federation.unit_dropped', ids);
      return;
    case 'paused':
      log.event('federation.unit_paused', ids);
      return;
    case 'lost':
      log.event('federation.unit_failed', { ...ids, reason: 'lease_lost' });
      return;
    case 'failed': {
      const { reason, fault } = result;
      log.event('federation.unit_failed', { ...ids, reason, causes: faultTrail(fault) });
    }
  }
}
