/** A mutation that changes nothing anybody can observe, and why. */
export interface Equivalent {
  readonly file: string;
  /** The line's text, without the spaces around it. */
  readonly text: string;
  readonly change: string;
  readonly why: string;
}

/** Mutations that were looked at and found to change nothing; they do not count. */
export const EQUIVALENTS: readonly Equivalent[] = [];
