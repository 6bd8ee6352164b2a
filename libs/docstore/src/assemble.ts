import type { Field, Json } from './field.ts';
import { FITS } from './kind-guards.ts';

type Column = readonly [name: string, field: Field<unknown>];

/** The fields of a document from an engine that stores them natively. What does not fit is named, never shown. */
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
