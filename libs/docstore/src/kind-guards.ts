import type { FieldKind } from './field.ts';

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

/** Whether a value is one of a kind, for an engine that stores fields natively; `json` is text there. */
export const FITS: Readonly<Record<FieldKind, (value: unknown) => boolean>> = {
  int: isInt,
  text: isText,
  bool: isBool,
  bytes: isBytes,
  ints: listOf(isArrayValue),
  texts: listOf(isText),
  json: isText,
};
