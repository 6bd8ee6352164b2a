import type { Partner } from '@keyserver/federation';
import { MINUTE, type Timers } from '@keyserver/time';

/** Says how long a partner has to wait before its next call, ms; 0 lets the call through and counts it. */
export type AdmitCall = (partner: Pick<Partner, 'id' | 'callsPerMinute'>) => number;

interface Allowance {
  calls: number;
  at: number;
}

/**
 * Lets each partner make its calls of a minute at once, and go on as time gives it new ones. It counts calls of this
 * instance; each instance has its own.
 */
export function callRates(timers: Timers): AdmitCall {
  const allowances = new Map<string, Allowance>();
  return ({ id, callsPerMinute }) => {
    const now = timers.monotonic();
    const { calls, at } = allowances.get(id) ?? { calls: callsPerMinute, at: now };
    const earned = ((now - at) * callsPerMinute) / MINUTE;
    const left = Math.min(callsPerMinute, calls + earned);
    const isAdmitted = left >= 1;
    allowances.set(id, { calls: isAdmitted ? left - 1 : left, at: now });
    return isAdmitted ? 0 : Math.ceil(((1 - left) * MINUTE) / callsPerMinute);
  };
}
