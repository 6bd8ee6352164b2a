import { Secret } from './secret.ts';
import { type About, type Setting, setting } from './setting.ts';

/** A form that a text must have: the whole text must match, and the words say so to people. */
export interface Form {
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
export function text(of: About<string> & Length & { readonly form?: Form }): Setting<string> {
  const { minLength = of.default === '' ? 0 : 1, maxLength = 1024, form } = of;
  const isForm = (given: string): boolean =>
    (given === '' && minLength === 0) || matches(given, form);
  const fits = (given: string): boolean =>
    inLength(given, minLength, maxLength) && PRINTABLE.test(given) && isForm(given);
  return setting(of, {
    allowed: `text of ${minLength} to ${maxLength} characters${formOf(form)}`,
    read: (given) => (fits(given) ? given : undefined),
    show: (value) => value,
  });
}

/** One of a few words. */
export function oneOf<const W extends string>(
  of: About<NoInfer<W>> & { readonly values: readonly W[] },
): Setting<W> {
  return setting<W>(of, {
    allowed: `one of ${of.values.join(', ')}`,
    read: (given) => of.values.find((word) => word === given),
    show: (value) => value,
  });
}

/** Yes or no, spelled `true` or `false`. */
export function flag(of: About<boolean>): Setting<boolean> {
  return setting(of, {
    allowed: 'true or false',
    read: (given) => (given === 'true' ? true : given === 'false' ? false : undefined),
    show: (value) => String(value),
  });
}

/** Texts separated by commas, spaces around them ignored; no text may be empty or given twice. */
export function list(
  of: About<readonly string[]> & {
    readonly min?: number;
    readonly max?: number;
    readonly form?: Form;
  },
): Setting<readonly string[]> {
  const { min = of.default?.length === 0 ? 0 : 1, max = 100 } = of;
  const fits = (items: readonly string[]): boolean =>
    items.length >= min &&
    items.length <= max &&
    new Set(items).size === items.length &&
    items.every((item) => item !== '' && PRINTABLE.test(item) && matches(item, of.form));
  return setting(of, {
    allowed: `${min} to ${max} different texts separated by commas${formOf(of.form)}`,
    read: (given) => {
      const items = given.trim() === '' ? [] : given.split(',').map((item) => item.trim());
      return fits(items) ? items : undefined;
    },
    show: (value) => value.join(','),
  });
}

/** A text that must never be printed. It has no default but, if it may lack, none at all: a secret that everybody knows is none. */
export function secret(
  of: { readonly about: string; readonly mayLack?: true; readonly form?: Form } & Length,
): Setting<Secret<string>> {
  const { about, minLength = 1, maxLength = 4096, form } = of;
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
  return of.mayLack === undefined
    ? declared
    : { ...declared, fallback: { value: new Secret(''), shown: '' } };
}
