import type { HealthProblem } from '@keyserver/log';
import { HealthFault, type HealthProbe } from './health.ts';

/** A probe whose faults of one class are known by a problem of their own; other faults stay what they are. */
export const namedProbe =
  (
    problem: HealthProblem,
    faults: abstract new (...given: never[]) => Error,
    probe: HealthProbe,
  ): HealthProbe =>
  async () => {
    try {
      await probe();
    } catch (fault) {
      if (!(fault instanceof faults)) throw fault;
      throw new HealthFault(problem, fault.message, { cause: fault });
    }
  };
