/**
 * What may stand where in a JSON text: an object, a list, or where neither is named, text, a number or a truth value. `null`
 * may stand anywhere. Whatever is not named here ends the reading where it stands.
 */
export interface JsonShape {
  /** Of an object: the fields that it may have. Their names count in any letter case. */
  readonly fields?: Readonly<Record<string, JsonShape>>;
  /** Of a list: what its items look like, and how many there may be. */
  readonly list?: { readonly items: JsonShape; readonly max: number };
}

/** A shape made ready for reading. */
export interface KnownShape {
  /** The field that a name stands for, under our spelling; undefined when there is none. Absent where no object may stand. */
  readonly field?: FindField;
  /** Absent where no list may stand. */
  readonly list?: { readonly item: () => KnownShape; readonly max: number };
}

/** What a name stands for. */
export interface KnownField {
  /** Our spelling. */
  readonly name: string;
  /** What all spellings have in common that differ in letter case only. */
  readonly folded: string;
  readonly shape: KnownShape;
}

/** Finds what a name stands for in an object. */
export type FindField = (name: string) => KnownField | undefined;

/** Anything at all. */
export const ANY_SHAPE: KnownShape = {
  field: (name) => ({ name, folded: name.toUpperCase().toLowerCase(), shape: ANY_SHAPE }),
  list: { item: () => ANY_SHAPE, max: Infinity },
};

/** Makes a shape ready, once for all texts. */
export function knownShape({ fields, list }: JsonShape): KnownShape {
  return {
    ...(fields === undefined ? {} : { field: fieldFinder(fields) }),
    ...(list === undefined ? {} : { list: knownList(list) }),
  };
}

function knownList({
  items,
  max,
}: NonNullable<JsonShape['list']>): NonNullable<KnownShape['list']> {
  const item = knownShape(items);
  return { item: () => item, max };
}

function fieldFinder(fields: Readonly<Record<string, JsonShape>>): FindField {
  const known = new Map<string, KnownField>();
  for (const [name, shape] of Object.entries(fields)) {
    const folded = name.toLowerCase();
    const field = { name, folded, shape: knownShape(shape) };
    known.set(folded, field).set(name, field);
  }
  return (name) => known.get(name) ?? known.get(name.toLowerCase());
}
