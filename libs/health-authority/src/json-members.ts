/** The members of a JSON object by name. */
export type JsonMembers = ReadonlyMap<string, unknown>;

const INTEGER = /^-?\d+$/;

/** 64-bit integers are what other implementations read claims into; the bound itself is rounded and harmless. */
const MAX_INTEGER = 2 ** 63;

/** The members of a JSON object; undefined when the text is anything else. Names must match in letter case. */
export function parseMembers(text: string): JsonMembers | undefined {
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value));
}

/** The text under a name: undefined when there is none, null when something else is there. */
export function textMember(members: JsonMembers, name: string): string | undefined | null {
  const value = members.get(name) ?? undefined;
  return value === undefined || typeof value === 'string' ? value : null;
}

/** The integer under a name: undefined when it is missing or 0, which means the same; null when it is none in bounds. */
export function integerMember(
  members: JsonMembers,
  name: string,
  bounds: { readonly min: number; readonly max: number } = { min: -MAX_INTEGER, max: MAX_INTEGER },
): number | undefined | null {
  const value = members.get(name) ?? 0;
  if (typeof value !== 'number' || Number.isNaN(value)) return null;
  if (value < bounds.min || value > bounds.max) return null;
  return value === 0 ? undefined : value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text, onlyIntegers);
  } catch {
    // Not JSON, or nested so deeply that the parser gave up.
    return undefined;
  }
}

/** Numbers that are not written as integers (`1.0`, `1e3`) become NaN, since their value does not tell. */
function onlyIntegers(
  _name: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  return typeof value === 'number' && !INTEGER.test(String(context?.source)) ? NaN : value;
}
