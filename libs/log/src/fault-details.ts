/** The name that an engine or a protocol has for what happened: SQLITE_CORRUPT, ENOSPC, PERMISSION_DENIED. */
type DetailCode = string & { readonly __kind: 'detail code' };

/** The sentence that an engine always has for one of its numbers. */
type FixedText = string & { readonly __kind: 'fixed text' };

/** The name of a collection, table, index, bucket, object or key. */
type PartName = string & { readonly __kind: 'part name' };

/** The path of a file, or the name of a database. */
type PartPath = string & { readonly __kind: 'part path' };

/** What a fault of ours says about the engine that failed: fixed words, and names that an operator or this code gave. */
export interface FaultDetail {
  readonly code?: DetailCode;
  readonly number?: number;
  readonly text?: FixedText;
  readonly object?: PartName;
  readonly path?: PartPath;
}

const isDetailCode = (value: unknown): value is DetailCode =>
  typeof value === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(value);
const isFixedText = (value: unknown): value is FixedText =>
  typeof value === 'string' && /^[A-Za-z][A-Za-z /',-]{1,79}$/.test(value);
const isPartName = (value: unknown): value is PartName =>
  typeof value === 'string' && /^[\w.:@/#-]{1,300}$/.test(value);
const isPartPath = (value: unknown): value is PartPath =>
  typeof value === 'string' && /^[^\p{C}"<>|?*]{1,500}$/u.test(value);
const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value);

/**
 * The details of a fault that this code has thrown; what does not look like one is left out. Errors of others are not asked:
 * what they carry may come from a client.
 */
export function faultDetail(error: Error): FaultDetail | undefined {
  const details = error.name.endsWith('Fault') && 'details' in error ? error.details : undefined;
  if (typeof details !== 'object' || details === null) return undefined;
  const detail = printable((name) => Reflect.get(details, name));
  return Object.keys(detail).length === 0 ? undefined : detail;
}

function printable(told: (name: keyof FaultDetail) => unknown): FaultDetail {
  const [code, number, text] = [told('code'), told('number'), told('text')];
  const [object, path] = [told('object'), told('path')];
  return {
    ...(isDetailCode(code) ? { code } : {}),
    ...(isNumber(number) ? { number } : {}),
    ...(isFixedText(text) ? { text } : {}),
    ...(isPartName(object) ? { object } : {}),
    ...(isPartPath(path) ? { path } : {}),
  };
}
