/** So often in a row nothing may arrive before it is taken for the rule. */
const PATIENCE = 8;
/** Then it is tried once in so many times, as whoever asks may change. */
const TRY_EVERY = 16;

/**
 * Whether to wait for the next request, learnt from what came of it. Who asks a single question for each answer that it makes
 * itself never asks again at once, and would pay for the waiting each time.
 */
export class LingerHabit {
  private inVain = 0;
  private passed = 0;

  isWorthIt(): boolean {
    if (this.inVain < PATIENCE) return true;
    this.passed = (this.passed + 1) % TRY_EVERY;
    return this.passed === 0;
  }

  /** Tells whether something arrived. */
  note(arrived: boolean): void {
    this.inVain = arrived ? 0 : this.inVain + 1;
  }
}
