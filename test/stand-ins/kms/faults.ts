import { type Aim, Aimed } from '../grpc/aimed.ts';
import { CallFaultPlan, type CallFaults } from '../grpc/call-faults.ts';

/** What changes on its way, and whether the checksum is changed with it, so that it reveals nothing. */
export interface Corruption {
  readonly field: string;
  readonly of?: 'request' | 'response';
  readonly consistent?: boolean;
}

/** How a test makes the stand-in fail, and asks how often it was called. */
export interface KmsFaults extends CallFaults {
  /** A field of the request or (unless told) the response is changed; `verified` stands for all flags of that name. */
  corrupt(fault: Aim & Corruption): void;
}

/** The faults that stand, used up call by call. */
export class KmsFaultPlan extends CallFaultPlan implements KmsFaults {
  readonly #corruptions = new Aimed<Corruption>();

  corrupt({ field, of = 'response', consistent = false, ...aim }: Aim & Corruption): void {
    this.#corruptions.arm(aim, { field, of, consistent });
  }

  /** What changes on the way of the next call of a method. */
  takeCorruption(method: string): Corruption | undefined {
    return this.#corruptions.take(method);
  }

  override clear(): void {
    super.clear();
    this.#corruptions.clear();
  }
}
