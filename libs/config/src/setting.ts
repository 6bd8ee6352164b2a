import { DAY, SECOND, type WindowLength, windowLength } from '@keyserver/time';
import { Secret } from './secret.ts';

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
interface About<T> {
  readonly about: string;
  readonly default?: T;
}

interface Rules<T> {
  readonly allowed: string;
  readonly read: (text: string) => T | undefined;
  readonly show: (value: T) => string;
}

/** A setting from its rules; throws a RangeError for a default that the rules would refuse. */
function setting<T>(about: About<T>, rules: Rules<T>): Setting<T> {
  const { allowed, read } = rules;
  if (about.default === undefined)
    return { about: about.about, allowed, fallback: undefined, read };
  const shown = rules.show(about.default);
  if (read(shown) === undefined) throw new RangeError(`the default must be ${allowed}`);
  return { about: about.about, allowed, fallback: { value: about.default, shown }, read };
}

const DECIMAL = /^(0|-?[1-9][0-9]{0,15})$/;

function readInteger(text: string, min: number, max: number): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
}

/** A whole number in decimal, between two bounds that are both allowed. */
export function integer(options: About<number> & { min: number; max: number }): Setting<number> {
  const { min, max } = options;
  return setting(options, {
    allowed: `a whole number from ${min} to ${max}`,
    read: (text) => readInteger(text, min, max),
    show: (value) => String(value),
  });
}

/**
 * The same setting, but a text that is not allowed has the value `refused` and does not keep the service from starting: for
 * what a service can leave undone. Whoever reads it must say that it does.
 */
export const tolerant = <T>(declared: Setting<T>): Setting<T | 'refused'> => ({
  ...declared,
  read: (text) => declared.read(text) ?? 'refused',
});

/** A reporting window given in seconds; a length that does not divide the UTC day is refused. */
export function windowSeconds(options: {
  readonly about: string;
  /** In seconds. */
  readonly default?: number;
  /** In seconds. */
  readonly min?: number;
  /** In seconds. */
  readonly max?: number;
}): Setting<WindowLength> {
  const { min = 1, max = DAY / SECOND, default: seconds } = options;
  const allowed = `a whole number of seconds from ${min} to ${max} that divides 86400`;
  const read = (text: string): WindowLength | undefined => {
    const given = readInteger(text, min, max);
    return given === undefined ? undefined : windowLength(given * SECOND);
  };
  const value = seconds === undefined ? undefined : read(String(seconds));
  if (seconds !== undefined && value === undefined)
    throw new RangeError(`the default must be ${allowed}`);
  return setting(
    value === undefined ? { about: options.about } : { about: options.about, default: value },
    {
      allowed,
      read,
      show: (length) => String(length / SECOND),
    },
  );
}

/** A form that a text must have: the whole text must match, and the words say so to people. */
interface Form {
  readonly pattern: RegExp;
  readonly described: string;
}

interface Length {
  readonly minLength?: number;
  readonly maxLength?: number;
}

const PRINTABLE = /^[^\p{Cc}\p{Cs}]*$/u;
const matches = (text: string, form: Form | undefined): boolean =>
  form === undefined || form.pattern.exec(text)?.[0] === text;
const inLength = (text: string, min: number, max: number): boolean =>
  text.length >= min && text.length <= max;
const formOf = (form: Form | undefined): string =>
  form === undefined ? '' : ` (${form.described})`;

/** Text without control characters, 1 to 1024 characters long unless told otherwise. */
export function text(options: About<string> & Length & { readonly form?: Form }): Setting<string> {
  const { minLength = options.default === '' ? 0 : 1, maxLength = 1024, form } = options;
  const isForm = (given: string): boolean =>
    (given === '' && minLength === 0) || matches(given, form);
  const fits = (given: string): boolean =>
    inLength(given, minLength, maxLength) && PRINTABLE.test(given) && isForm(given);
  return setting(options, {
    allowed: `text of ${minLength} to ${maxLength} characters${formOf(form)}`,
    read: (given) => (fits(given) ? given : undefined),
    show: (value) => value,
  });
}

/** One of a few words. */
export function oneOf<const W extends string>(
  options: About<NoInfer<W>> & { readonly values: readonly W[] },
): Setting<W> {
  return setting<W>(options, {
    allowed: `one of ${options.values.join(', ')}`,
    read: (given) => options.values.find((word) => word === given),
    show: (value) => value,
  });
}

/** Yes or no, spelled `true` or `false`. */
export function flag(options: About<boolean>): Setting<boolean> {
  return setting(options, {
    allowed: 'true or false',
    read: (given) => (given === 'true' ? true : given === 'false' ? false : undefined),
    show: (value) => String(value),
  });
}

/** Texts separated by commas, spaces around them ignored; no text may be empty or given twice. */
export function list(
  options: About<readonly string[]> & {
    readonly min?: number;
    readonly max?: number;
    readonly form?: Form;
  },
): Setting<readonly string[]> {
  const { min = options.default?.length === 0 ? 0 : 1, max = 100 } = options;
  const fits = (items: readonly string[]): boolean =>
    items.length >= min &&
    items.length <= max &&
    new Set(items).size === items.length &&
    items.every((item) => item !== '' && PRINTABLE.test(item) && matches(item, options.form));
  return setting(options, {
    allowed: `${min} to ${max} different texts separated by commas${formOf(options.form)}`,
    read: (given) => {
      const items = given.trim() === '' ? [] : given.split(',').map((item) => item.trim());
      return fits(items) ? items : undefined;
    },
    show: (value) => value.join(','),
  });
}

/** A text that must never be printed. It has no default but, if it may lack, none at all: a secret that everybody knows is none. */
export function secret(
  options: { readonly about: string; readonly mayLack?: true; readonly form?: Form } & Length,
): Setting<Secret<string>> {
  const { about, minLength = 1, maxLength = 4096, form } = options;
  const fits = (given: string): boolean =>
    inLength(given, minLength, maxLength) && matches(given, form);
  const declared = setting<Secret<string>>(
    { about },
    {
      allowed: `a secret text of ${minLength} to ${maxLength} characters${formOf(form)}`,
      read: (given) => (fits(given) ? new Secret(given) : undefined),
      show: String,
    },
  );
  return options.mayLack === undefined
    ? declared
    : { ...declared, fallback: { value: new Secret(''), shown: '' } };
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

function isAllowed(url: URL): boolean {
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
  if (url.protocol === 'https:') return true;
  return url.protocol === 'http:' && LOOPBACK.has(url.hostname);
}

function read(given: string): URL | undefined {
  const url = URL.parse(given);
  return url !== null && isAllowed(url) ? url : undefined;
}

/** A web address: https, or plain http to this very machine; without a password or a fragment. */
export function url(options: About<URL>): Setting<URL> {
  return setting(options, {
    allowed: 'an https address, or an http address of this machine, without user or fragment',
    read,
    show: (value) => value.href,
  });
}
