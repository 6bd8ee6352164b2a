import type { Json } from '@keyserver/docstore';

type JsonRecord = Readonly<Record<string, Json>>;

const broken = (): Error => new Error('stored document of an unknown shape');

/** A stored value as a list, or a fault. */
export function array(stored: Json | undefined): readonly Json[] {
  if (!isArray(stored)) throw broken();
  return stored;
}

/** A stored value as an object, or a fault. */
export function record(stored: Json | undefined): JsonRecord {
  if (typeof stored !== 'object' || stored === null || isArray(stored)) throw broken();
  return stored;
}

/** A member of a stored object; undefined when it lacks it. */
export const member = (json: JsonRecord, name: string): Json | undefined =>
  Object.hasOwn(json, name) ? json[name] : undefined;

/** A stored value as text, or a fault. */
export function textOf(stored: Json | undefined): string {
  if (typeof stored !== 'string') throw broken();
  return stored;
}

/** A stored value as an integer, or a fault. */
export function integer(stored: Json | undefined): number {
  if (typeof stored !== 'number' || !Number.isSafeInteger(stored)) throw broken();
  return stored;
}

const isArray = (stored: Json | undefined): stored is readonly Json[] => Array.isArray(stored);
