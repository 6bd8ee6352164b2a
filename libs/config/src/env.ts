import { ConfigFault, type Problem } from './config-fault.ts';
import type { Setting } from './setting.ts';

/** The variables of one service, by name. */
type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values of a service's variables, by the same names. */
export type ValuesOf<S extends Settings> = {
  readonly [N in keyof S]: S[N] extends Setting<infer T> ? T : never;
};

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

const NAME = /^[A-Z][A-Z0-9_]{0,63}$/;

/** Declares the variables of a service; throws a RangeError for a name that is not upper case. */
export function settings<const S extends Settings>(declared: S): S {
  for (const name of Object.keys(declared))
    if (!NAME.test(name)) throw new RangeError('a setting is named in upper case');
  return declared;
}

/** The values of all declared variables; throws a ConfigFault that lists every bad or missing one and no value. */
export function loadSettings<S extends Settings>(declared: S, env: Environment): ValuesOf<S> {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, setting] of Object.entries(declared)) {
    const given = env[name] ?? '';
    const value = given === '' ? setting.fallback?.value : setting.read(given);
    if (value === undefined)
      problems.push({ name, kind: given === '' ? 'missing' : 'refused', allowed: setting.allowed });
    values[name] = value;
  }
  if (problems.length > 0 || !isComplete(declared, values)) throw new ConfigFault(problems);
  return values;
}

function isComplete<S extends Settings>(declared: S, values: object): values is ValuesOf<S> {
  return Object.keys(declared).every((name) => name in values);
}

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
