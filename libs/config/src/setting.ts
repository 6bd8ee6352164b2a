/**
 * One environment variable: what it means, what it may be, and how its text becomes a value.
 * @public named in the declared settings of every service
 */
export interface Setting<T> {
  /** What the variable means, in one sentence. */
  readonly about: string;
  /** What it may be, as a phrase that completes "must be". */
  readonly allowed: string;
  /** The value when the variable is absent or empty; a setting without one must be given. */
  readonly fallback: { readonly value: T; readonly shown: string } | undefined;
  /** The value of a text; undefined when the text is not allowed. */
  readonly read: (text: string) => T | undefined;
}

/** What every piece is told: its meaning, and the value it has when nothing is given. */
export interface About<T> {
  readonly about: string;
  readonly default?: T;
}

interface Rules<T> {
  readonly allowed: string;
  readonly read: (text: string) => T | undefined;
  readonly show: (value: T) => string;
}

/** A setting from its rules; throws a RangeError for a default that the rules would refuse. */
export function setting<T>(about: About<T>, rules: Rules<T>): Setting<T> {
  const { allowed, read } = rules;
  if (about.default === undefined)
    return { about: about.about, allowed, fallback: undefined, read };
  const shown = rules.show(about.default);
  if (read(shown) === undefined) throw new RangeError(`the default must be ${allowed}`);
  return { about: about.about, allowed, fallback: { value: about.default, shown }, read };
}
