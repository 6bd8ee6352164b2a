import { type Token, Tokenizer, Type, decode, decodeFirst } from 'cborg';

/** Levels of maps and arrays that may lie within each other; an attestation object has three. */
const MAX_DEPTH = 8;

const STRICT = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  rejectDuplicateMapKeys: true,
  useMaps: true,
} as const;

/**
 * The one CBOR item that fills the bytes, in its shortest encoding, with definite lengths and no key twice; undefined for
 * anything else. Maps come as Map, byte strings as Uint8Array. The caller bounds the size.
 */
export const readCbor = (bytes: Uint8Array): unknown =>
  unlessRefused(() => decode(bytes, optionsFor(bytes)) as unknown);

/** The CBOR item at the beginning, by the same rules, and what follows it; undefined when there is none. */
export function readCborPrefix(
  bytes: Uint8Array,
): { readonly item: unknown; readonly rest: Uint8Array } | undefined {
  return unlessRefused(() => {
    const [item, rest] = decodeFirst(bytes, optionsFor(bytes)) as [unknown, Uint8Array];
    return { item, rest };
  });
}

const optionsFor = (bytes: Uint8Array) => ({ ...STRICT, tokenizer: new ShallowTokens(bytes) });

/** cborg says all that it refuses by throwing, and so do the tokens below. */
function unlessRefused<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Tokens of an item that is not nested deeply: cborg descends by recursion, and 100,000 levels overflow its stack. */
class ShallowTokens extends Tokenizer {
  /** For each level that is open, the innermost last: how many items are still to come. */
  readonly #open: number[] = [];

  constructor(bytes: Uint8Array) {
    super(bytes, STRICT);
  }

  override next(): Token {
    const token = super.next();
    const innermost = this.#open.length - 1;
    if (innermost >= 0) this.#open[innermost] = (this.#open[innermost] ?? 0) - 1;
    const items = itemsWithin(token);
    if (items > 0) this.#open.push(items);
    else while (this.#open.at(-1) === 0) this.#open.pop();
    if (this.#open.length > MAX_DEPTH) throw new RangeError('nested too deeply');
    return token;
  }
}

function itemsWithin({ type, value }: Token): number {
  if (Type.equals(type, Type.array)) return Number(value);
  if (Type.equals(type, Type.map)) return 2 * Number(value);
  return Type.equals(type, Type.tag) ? 1 : 0;
}
