import { ANY_SHAPE, JsonFlaw, JsonReader, type JsonShape, knownShape } from './json-reader.ts';

/** A JSON value, or why the bytes are none that we take. */
export type StrictJson =
  | { readonly kind: 'value'; readonly value: unknown }
  | {
      readonly kind: 'refused';
      readonly reason: JsonRefusal;
      /** Where it went wrong, in names that the shape knows and positions. */
      readonly place: readonly string[];
      /** How many characters were looked at before it was refused. */
      readonly read: number;
    };

/** What is wrong with a JSON text. */
export type JsonRefusal = 'encoding' | 'empty' | JsonFlaw['reason'];

const refused = (
  reason: JsonRefusal,
  { place = [], read = 0 }: Partial<Pick<JsonFlaw, 'place' | 'read'>> = {},
): StrictJson => ({ kind: 'refused', reason, place, read });

/**
 * Parses JSON that means one thing to every reader: valid UTF-8 without a byte order mark, no name twice in an object
 * (whatever the case of its letters), every number a whole one written plainly, and at most 16 levels deep. It stops at the
 * first thing that is wrong, so that a text that cannot be taken costs no more than its beginning. Fields of a shape come out
 * under the shape's spelling.
 */
export function strictJsonParser(expected?: JsonShape): (bytes: Uint8Array) => StrictJson {
  const shape = expected === undefined ? ANY_SHAPE : knownShape(expected);
  return (bytes) => {
    const text = decodeUtf8(bytes);
    if (text === undefined) return refused('encoding');
    if (/^[ \t\r\n]*$/.test(text)) return refused('empty');
    try {
      return { kind: 'value', value: new JsonReader(text).whole(shape) };
    } catch (fault) {
      if (fault instanceof JsonFlaw) return refused(fault.reason, fault);
      throw fault;
    }
  };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    const text = UTF8.decode(bytes);
    return text.startsWith('\uFEFF') ? undefined : text;
  } catch {
    return undefined;
  }
}
