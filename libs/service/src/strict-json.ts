import { type Flaw, findFlaw, valueEnd } from './json-scan.ts';

/** A JSON value, or why the bytes are none that we take. */
export type StrictJson =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly reason: JsonRefusal };

/** What is wrong with a JSON text. */
export type JsonRefusal = 'encoding' | 'empty' | 'syntax' | 'trailing' | Flaw;

const refused = (reason: JsonRefusal): StrictJson => ({ kind: 'refused', reason });

/**
 * Parses JSON that means one thing to every reader: valid UTF-8 without a byte order mark, no name twice in an object
 * (whatever the case of its letters), every number a whole one written plainly, and at most 16 levels deep.
 */
export function parseStrictJson(bytes: Uint8Array): StrictJson {
  const text = decodeUtf8(bytes);
  if (text === undefined) return refused('encoding');
  if (/^[ \t\r\n]*$/.test(text)) return refused('empty');
  const parsed = parse(text);
  if (parsed === undefined) return refused(whyNoValue(text));
  const flaw = findFlaw(text);
  return flaw === undefined ? { kind: 'value', value: parsed.value } : refused(flaw);
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.startsWith('\uFEFF') ? undefined : text;
  } catch {
    return undefined;
  }
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function whyNoValue(text: string): JsonRefusal {
  const end = valueEnd(text);
  return end < text.length && parse(text.slice(0, end)) !== undefined ? 'trailing' : 'syntax';
}
