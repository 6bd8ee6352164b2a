import type { Settings } from './env.ts';

/** What people read about one variable. */
export interface SettingDescription {
  readonly name: string;
  readonly about: string;
  readonly allowed: string;
  /** The default as it would be written; undefined when the variable must be given. */
  readonly default: string | undefined;
}

/** One row for each variable, in the order of declaration. */
export const describeSettings = (declared: Settings): readonly SettingDescription[] =>
  Object.entries(declared).map(([name, { about, allowed, fallback }]) => ({
    name,
    about,
    allowed,
    default: fallback?.shown,
  }));
