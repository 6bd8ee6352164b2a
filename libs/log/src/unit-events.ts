import type { FaultCause } from './fault-trail.ts';
import type { ConfiguredId } from './field-types.ts';

/** The events of preparing units for federation partners. */
export interface UnitEvents {
  'federation.units_created': {
    readonly partner: ConfiguredId;
    readonly created: number;
    /** More units are due than one run may create. */
    readonly behind: boolean;
  };
  'federation.unit_settled': {
    readonly partner: ConfiguredId;
    readonly unit: ConfiguredId;
    /** How many generated keys are in it. */
    readonly padding: number;
    readonly ms: number;
  };
  /** A unit that was due is given to nobody, since its partner was removed. */
  'federation.unit_dropped': { readonly partner: ConfiguredId; readonly unit: ConfiguredId };
  /** A unit waits for the end of a pause that began while it was worked on. */
  'federation.unit_paused': { readonly partner: ConfiguredId; readonly unit: ConfiguredId };
  'federation.unit_failed': {
    readonly partner: ConfiguredId;
    /** Absent where units could not be cut. */
    readonly unit?: ConfiguredId;
    readonly reason: 'not_cut' | 'lease_lost' | 'deadline' | 'fault';
    readonly causes?: readonly FaultCause[];
  };
  /** The newest units of a partner are older than they should be, and it is given nothing behind them: an operator must act. */
  'federation.units_late': {
    readonly partner: ConfiguredId;
    readonly because: 'not_cut' | 'not_settled' | 'paused';
  };
}

/** Their severities. */
export const UNIT_SEVERITY = {
  'federation.units_created': 'info',
  'federation.unit_settled': 'info',
  'federation.unit_dropped': 'info',
  'federation.unit_paused': 'info',
  'federation.unit_failed': 'error',
  'federation.units_late': 'alert',
} as const satisfies Readonly<Record<keyof UnitEvents, string>>;
