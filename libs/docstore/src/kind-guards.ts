import type { Field, FieldKind, Json } from './field.ts';

export const isInt = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value);
export const isText = (value: unknown): value is string => typeof value === 'string';
export const isBool = (value: unknown): value is boolean => typeof value === 'boolean';
export const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
export const isArrayValue = (value: unknown): value is number =>
  isInt(value) && value >= 0 && value < 2 ** 48;

const listOf =
  (fits: (item: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(fits);

/** Whether a value is one of a kind, for a database that keeps fields natively; `json` is text there. */
const FITS: Readonly<Record<FieldKind, (value: unknown) => boolean>> = {
  int: isInt,
  text: isText,
  bool: isBool,
  bytes: isBytes,
  ints: listOf(isArrayValue),
  texts: listOf(isText),
  json: isText,
};

type Column = readonly [name: string, field: Field<unknown>];

/** The fields of a document from a database that keeps them natively. What does not fit is named, never shown. */
export function assemble(
  columns: readonly Column[],
  stored: (name: string) => unknown,
): Record<string, unknown> {
  const document: Record<string, unknown> = {};
  for (const [name, field] of columns) {
    const value = stored(name);
    if (value !== undefined) document[name] = checked(name, field, value);
    else if (!field.optional) throw new TypeError(`stored document lacks ${name}`);
  }
  return document;
}

function checked(name: string, field: Field<unknown>, value: unknown): unknown {
  if (!FITS[field.kind](value)) throw new TypeError(`${name} is not a valid ${field.kind}`);
  if (field.kind !== 'json') return value;
  try {
    // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- JSON.parse gives nothing else
    return field.parse?.(JSON.parse(String(value)) as Json);
  } catch {
    // The parser's own words may quote what is stored, so they are left out.
    throw new TypeError(`${name} is not a valid json`);
  }
}
