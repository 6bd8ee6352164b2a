/** How a field is stored. `ints` and `texts` are lists; `json` is any JSON value that its parser accepts. */
export type FieldKind = 'int' | 'text' | 'bool' | 'bytes' | 'ints' | 'texts' | 'json';

/** The JSON values that a `json` field holds. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * One field of a collection: its kind, whether a document may lack it, and for `json` how it is read back.
 * @public named in the declarations of every collection
 */
export interface Field<T> {
  readonly kind: FieldKind;
  readonly optional: boolean;
  /** Turns a stored JSON value into the field's type, or throws; only for `json`. */
  readonly parse?: (stored: Json) => T;
}

/**
 * A field that a document may lack.
 * @public named in the declarations of every collection
 */
export interface OptionalField<T> extends Field<T> {
  readonly optional: true;
}

const required = <T>(kind: FieldKind): Field<T> => ({ kind, optional: false });

/** A safe integer. */
export const int = (): Field<number> => required('int');
/** Text of any length; ordered by its UTF-8 bytes. */
export const text = <T extends string = string>(): Field<T> => required('text');
export const bool = (): Field<boolean> => required('bool');
export const bytes = (): Field<Uint8Array> => required('bytes');
/** A list of integers in [0, 2^48); the only kind that can have an array index. */
export const ints = (): Field<readonly number[]> => required('ints');
export const texts = (): Field<readonly string[]> => required('texts');
/** A structured value that is never queried. `parse` gives it its type back when it is read. */
export const json = <T>(parse: (stored: Json) => T): Field<T> => ({
  kind: 'json',
  optional: false,
  parse,
});
/** The same field, but a document may lack it. */
export const optional = <T>(field: Field<T>): OptionalField<T> => ({ ...field, optional: true });

export type Fields = Readonly<Record<string, Field<unknown>>>;

type Optional<F extends Fields> = {
  [K in keyof F]: F[K] extends OptionalField<unknown> ? K : never;
}[keyof F];
type TypeOf<X> = X extends Field<infer T> ? T : never;

/** The document type that a declaration of fields describes. */
export type DocumentOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, Optional<F>>]: TypeOf<F[K]>;
} & { readonly [K in Optional<F>]?: TypeOf<F[K]> };
