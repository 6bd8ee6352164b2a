import { type FieldPath, fieldAt, parseFieldPath } from './field-path.ts';
import type { Fields, Value } from './value.ts';
import { inverted, textKey, valueKey } from './value-key.ts';

/** How an index holds a field: by its value, up or down, or by each element of an array. */
export type IndexMode = 'ASCENDING' | 'DESCENDING' | 'CONTAINS';

/** One field of an index. */
export interface IndexPart {
  readonly field: string;
  readonly mode: IndexMode;
}

/** An index as it is kept here: its parts, then the document's id, upwards. */
export interface IndexShape {
  readonly signature: string;
  readonly parts: readonly { readonly path: FieldPath; readonly mode: IndexMode }[];
}

/** The shape that has these parts. */
export const indexShape = (parts: readonly IndexPart[]): IndexShape => ({
  signature: parts.map(({ field, mode }) => `${mode} ${field}`).join('\n'),
  parts: parts.map(({ field, mode }) => ({ path: parseFieldPath(field), mode })),
});

function partKeys(value: Value | undefined, mode: IndexMode): readonly string[] {
  if (value === undefined) return [];
  switch (mode) {
    case 'ASCENDING':
      return [valueKey(value)];
    case 'DESCENDING':
      return [inverted(valueKey(value))];
    case 'CONTAINS':
      return value.valueType === 'arrayValue'
        ? [...new Set(value.arrayValue.values.map(valueKey))]
        : [];
  }
}

/** The keys under which an index lists a document: none if it lacks a field, several if an array is searched. */
export function entryKeys(shape: IndexShape, id: string, fields: Fields): readonly string[] {
  const joined = shape.parts.reduce<readonly string[]>(
    (keys, { path, mode }) => {
      const own = partKeys(fieldAt(fields, path), mode);
      return keys.flatMap((key) => own.map((part) => key + part));
    },
    [''],
  );
  return joined.map((key) => key + textKey(id));
}
