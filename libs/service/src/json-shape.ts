/**
 * What may stand where in a JSON text. It says nothing about kinds of values, only what is worth reading: a name that is not
 * here, or an item too many, ends the reading where it stands.
 */
export interface JsonShape {
  /** The fields that an object may have; their names count in any letter case. Without this it may have any. */
  readonly fields?: Readonly<Record<string, JsonShape>>;
  /** What the items of a list look like. */
  readonly items?: JsonShape;
  readonly maxItems?: number;
}

/** A shape made ready for reading. */
export interface KnownShape {
  /** The field that a name stands for, under our spelling; undefined when there is none. */
  readonly field: (
    name: string,
  ) => { readonly name: string; readonly shape: KnownShape } | undefined;
  readonly item: () => KnownShape;
  readonly maxItems: number;
}

/** Anything at all. */
export const ANY_SHAPE: KnownShape = {
  field: (name) => ({ name, shape: ANY_SHAPE }),
  item: () => ANY_SHAPE,
  maxItems: Infinity,
};

/** Makes a shape ready, once for all texts. */
export function knownShape({ fields, items, maxItems = Infinity }: JsonShape): KnownShape {
  const item = items === undefined ? ANY_SHAPE : knownShape(items);
  const field = fields === undefined ? ANY_SHAPE.field : fieldFinder(fields);
  return { field, item: () => item, maxItems };
}

function fieldFinder(fields: Readonly<Record<string, JsonShape>>): KnownShape['field'] {
  const known = new Map(
    Object.entries(fields).map(([name, shape]) => [
      name.toLowerCase(),
      { name, shape: knownShape(shape) },
    ]),
  );
  return (name) => known.get(name.toLowerCase());
}
