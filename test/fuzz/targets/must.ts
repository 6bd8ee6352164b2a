import { isDeepStrictEqual } from 'node:util';

/** Ends the check of an input: something does not hold. The words are the same for every such input. */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** The same, for two values that must be one. */
export function mustEqual(a: unknown, b: unknown, what: string): void {
  must(isDeepStrictEqual(a, b), what);
}

/** What a function gives, or the name of what it throws. */
export function outcomeOf<T>(run: () => T): { readonly value: T } | { readonly thrown: string } {
  try {
    return { value: run() };
  } catch (error) {
    return { thrown: error instanceof Error ? error.name : typeof error };
  }
}
