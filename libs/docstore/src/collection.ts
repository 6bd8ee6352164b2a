import { type Codec, codecOf } from './codec.ts';
import type { DocumentOf, FieldKind, Fields } from './field.ts';

/** What a store must know of a collection; plain data, so that it can be sent to another thread. */
export interface Layout {
  readonly name: string;
  readonly fields: readonly {
    readonly name: string;
    readonly kind: FieldKind;
    readonly optional: boolean;
  }[];
  /** Field names in order; equalities on all but the last, a range on the last, then the document id. */
  readonly indexes: readonly (readonly string[])[];
  /** An `ints` field that can be searched for any of a few values. */
  readonly arrayIndex?: string;
  /** An `int` field with the time (ms since 1970) after which the document may vanish by itself. */
  readonly expiry?: string;
  /** How much longer than that the store itself leaves a document, ms, since a job deletes it sooner; 0 unless given. */
  readonly grace?: number;
}

/** A declared collection: its layout, and how its documents become bytes and fields. */
export interface Collection<D> {
  readonly layout: Layout;
  readonly codec: Codec<D>;
  /** The fields that are wanted of its documents; all unless given. */
  readonly only?: readonly string[];
}

interface Declaration<F extends Fields> {
  readonly name: string;
  readonly fields: F;
  readonly indexes?: readonly (readonly (keyof F & string)[])[];
  readonly arrayIndex?: keyof F & string;
  readonly expiry?: keyof F & string;
  readonly grace?: number;
}

/** Declares a collection. Nothing is indexed that is not named here; a query without its index is refused. */
export function collection<F extends Fields>(declared: Declaration<F>): Collection<DocumentOf<F>> {
  const fields = Object.entries(declared.fields).map(([name, field]) => ({
    name,
    kind: field.kind,
    optional: field.optional,
  }));
  const layout: Layout = {
    name: declared.name,
    fields,
    indexes: declared.indexes ?? [],
    ...(declared.arrayIndex === undefined ? {} : { arrayIndex: declared.arrayIndex }),
    ...(declared.expiry === undefined ? {} : { expiry: declared.expiry }),
    ...(declared.grace === undefined ? {} : { grace: declared.grace }),
  };
  checkLayout(layout);
  return { layout, codec: codecOf(declared.fields) };
}

/** A collection whose documents are read with some of their fields only: cheaper, but for queries, never for writing. */
export const view = <D, K extends keyof D & string>(
  whole: Collection<D>,
  names: readonly K[],
): Collection<Pick<D, K>> => ({
  layout: whole.layout,
  codec: whole.codec.only(names),
  only: names,
});

const INDEXABLE: readonly FieldKind[] = ['int', 'text', 'bool'];

function checkLayout(layout: Layout): void {
  const kindOf = (name: string): FieldKind | undefined =>
    layout.fields.find((field) => field.name === name && !field.optional)?.kind;
  for (const name of layout.indexes.flat()) {
    const kind = kindOf(name);
    if (kind === undefined || !INDEXABLE.includes(kind))
      throw new TypeError(`${layout.name}.${name} cannot be indexed`);
  }
  if (layout.arrayIndex !== undefined && kindOf(layout.arrayIndex) !== 'ints')
    throw new TypeError(`${layout.name}.${layout.arrayIndex} cannot have an array index`);
  if (layout.expiry !== undefined && kindOf(layout.expiry) !== 'int')
    throw new TypeError(`${layout.name}.${layout.expiry} cannot be an expiry`);
  if (layout.grace !== undefined && layout.expiry === undefined)
    throw new TypeError(`${layout.name} has a grace and no expiry`);
}
