/** One thing that a round makes sure of. */
export interface Check {
  readonly what: string;
  readonly expected: number;
  readonly found: number;
  /** Sentences about what was found instead. */
  readonly notes: readonly string[];
}

/** A check of a count. */
export const check = (
  what: string,
  counts: { readonly expected: number; readonly found: number },
  notes: readonly string[] = [],
): Check => ({ what, ...counts, notes });

/** Whether what was found is what was expected. */
export const holds = ({ expected, found }: Check): boolean => expected === found;

/** Each check of the last turn, or of an earlier turn in which it did not hold. */
export const worstOf = (earlier: readonly Check[], last: readonly Check[]): readonly Check[] =>
  last.map((check) => earlier.find((one) => one.what === check.what && !holds(one)) ?? check);
