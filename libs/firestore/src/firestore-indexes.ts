import type { Layout } from '@keyserver/docstore';

interface CompositeIndex {
  readonly collection: string;
  readonly fields: readonly { readonly field: string; readonly order: 'ASCENDING' }[];
}

interface FieldIndexes {
  readonly collection: string;
  /** A field's name, or '*' for all that are not named. */
  readonly field: string;
  readonly indexes: readonly (
    { readonly order: 'ASCENDING' } | { readonly arrayConfig: 'CONTAINS' }
  )[];
}

/** What a Firestore database must be told so that exactly the declared queries work. */
export interface FirestoreIndexes {
  readonly indexes: readonly CompositeIndex[];
  readonly fields: readonly FieldIndexes[];
  readonly ttl: readonly { readonly collection: string; readonly field: string }[];
}

/**
 * The indexes, exemptions and expiries of collections. Firestore appends the document id to every index, so that a declared
 * index of one field is a single-field index, and one of more is a composite index; both serve equalities with and without
 * the order. All other fields are exempt: an index that nobody queries costs a write for each document, and one of rising
 * values limits how many can be written.
 */
export function firestoreIndexes(layouts: readonly Layout[]): FirestoreIndexes {
  const sorted = [...layouts].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    indexes: sorted.flatMap(compositesOf),
    fields: sorted.flatMap(fieldsOf),
    ttl: sorted.flatMap(({ name, expiry }) =>
      expiry === undefined ? [] : [{ collection: name, field: expiry }],
    ),
  };
}

const ascending = { order: 'ASCENDING' } as const;

const compositesOf = ({ name, indexes }: Layout): CompositeIndex[] =>
  indexes
    .filter((index) => index.length > 1)
    .map((index) => ({
      collection: name,
      fields: index.map((field) => ({ field, ...ascending })),
    }));

function fieldsOf({ name, indexes, arrayIndex }: Layout): FieldIndexes[] {
  const single = indexes.flatMap((index) => (index.length === 1 ? index : []));
  return [
    { collection: name, field: '*', indexes: [] },
    ...(arrayIndex === undefined
      ? []
      : [{ collection: name, field: arrayIndex, indexes: [{ arrayConfig: 'CONTAINS' } as const] }]),
    ...single.map((field) => ({ collection: name, field, indexes: [ascending] })),
  ];
}
