/** What valid JSON may do that we refuse. */
type Flaw =
  | 'duplicate_name'
  | 'number'
  | 'depth'
  | 'unknown_name'
  | 'too_many_items'
  | 'misplaced_object'
  | 'misplaced_list';

/** What is wrong with a JSON text, and where. */
export class JsonFlaw extends Error {
  override readonly name = 'JsonFlaw';
  readonly reason: Flaw | 'syntax' | 'trailing';
  /** The names and positions that lead to what is wrong; all of them are names that the shape knows. */
  readonly place: readonly string[];
  /** How many characters were looked at: the work that the text has cost. */
  readonly read: number;

  constructor(reason: JsonFlaw['reason'], place: readonly string[], read: number) {
    super(reason);
    this.reason = reason;
    this.place = place;
    this.read = read;
  }
}

const MAX_DEPTH = 16;
/** No whole number that is exact has more characters. */
const MAX_NUMBER_LENGTH = 17;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const GAP = /[ \t\r\n]*/y;
const WORD = /[-+.\w]+/y;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/;
const PLAIN_INTEGER = /^-?[0-9]+$/;
// JSON forbids exactly these within a string, a backslash begins an escape.

const NOT_PLAIN = /[\u0000-\u001f\\]/;
const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Reads one JSON text from its beginning and stops at the first thing that is wrong with it. */
export class JsonReader {
  private readonly text: string;
  private readonly place: string[] = [];
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The whole text as one value; what is wrong is thrown as a JsonFlaw. */
  whole(shape: KnownShape): unknown {
    const value = this.value(shape);
    if (this.next() !== '') throw this.flaw('trailing');
    return value;
  }

  private value(shape: KnownShape): unknown {
    switch (this.next()) {
      case '{':
        return this.nested(() => this.object(shape));
      case '[':
        return this.nested(() => this.items(shape));
      case '"':
        return this.string();
      default:
        return this.word();
    }
  }

  private nested<T>(read: () => T): T {
    this.at += 1;
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw this.flaw('depth');
    const value = read();
    this.depth -= 1;
    return value;
  }

  private object({ field }: KnownShape): object {
    if (field === undefined) throw this.flaw('misplaced_object');
    const members: (readonly [string, unknown])[] = [];
    const seen = new Set<string>();
    while (!this.closes('}', members.length)) {
      const known = this.name(field, seen);
      this.expect(':');
      members.push([known.name, this.inside(known.name, known.shape)]);
    }
    return Object.fromEntries(members); // an own field, even where it is called __proto__
  }

  private name(field: FindField, seen: Set<string>): { name: string; shape: KnownShape } {
    if (this.next() !== '"') throw this.flaw('syntax');
    const name = this.string();
    const known = field(name);
    if (known === undefined) throw this.flaw('unknown_name');
    // Readers differ in which of two they believe, and some take no notice of the letter case.
    const folded = name.toUpperCase().toLowerCase();
    if (seen.has(folded)) throw this.flaw('duplicate_name');
    seen.add(folded);
    return known;
  }

  private items({ list }: KnownShape): unknown[] {
    if (list === undefined) throw this.flaw('misplaced_list');
    const items: unknown[] = [];
    while (!this.closes(']', items.length)) {
      if (items.length >= list.max) throw this.flaw('too_many_items');
      items.push(this.inside(String(items.length), list.item()));
    }
    return items;
  }

  private inside(step: string, shape: KnownShape): unknown {
    this.place.push(step);
    const value = this.value(shape);
    this.place.pop();
    return value;
  }

  /** Whether what was opened ends here; if it goes on, the comma before the next member is passed. */
  private closes(bracket: string, members: number): boolean {
    if (this.next() === bracket) {
      this.at += 1;
      return true;
    }
    if (members > 0) this.expect(',');
    return false;
  }

  private expect(character: string): void {
    if (this.next() !== character) throw this.flaw('syntax');
    this.at += 1;
  }

  /** The next character that is no white space, '' at the end; it is not passed. */
  private next(): string {
    GAP.lastIndex = this.at;
    GAP.test(this.text);
    this.at = GAP.lastIndex;
    return this.text.charAt(this.at);
  }

  private string(): string {
    const start = this.at;
    const quote = this.closingQuote(start + 1);
    this.at = quote < 0 ? this.text.length : quote + 1;
    if (quote < 0) throw this.flaw('syntax');
    const plain = this.text.slice(start + 1, quote);
    return NOT_PLAIN.test(plain) ? this.unescaped(this.text.slice(start, quote + 1)) : plain;
  }

  /** Where the string ends, -1 when it does not. By character codes: a text full of escapes must cost no more than another. */
  private closingQuote(from: number): number {
    for (let at = from; at < this.text.length; at += 1) {
      const code = this.text.charCodeAt(at);
      if (code === QUOTE) return at;
      if (code === BACKSLASH) at += 1;
    }
    return -1;
  }

  private unescaped(quoted: string): string {
    try {
      return String(JSON.parse(quoted));
    } catch {
      throw this.flaw('syntax');
    }
  }

  private word(): number | boolean | null {
    WORD.lastIndex = this.at;
    if (!WORD.test(this.text)) throw this.flaw('syntax');
    const word = this.text.slice(this.at, WORD.lastIndex);
    this.at = WORD.lastIndex;
    const known = WORDS.get(word);
    if (known !== undefined) return known;
    if (!NUMBER.test(word)) throw this.flaw('syntax');
    const number = word.length <= MAX_NUMBER_LENGTH ? Number(word) : NaN;
    if (!PLAIN_INTEGER.test(word) || !Number.isSafeInteger(number)) throw this.flaw('number');
    return number;
  }

  private flaw(reason: JsonFlaw['reason']): JsonFlaw {
    return new JsonFlaw(reason, [...this.place], this.at);
  }
}

/**
 * What may stand where in a JSON text: an object, a list, or where neither is named, text, a number or a truth value. `null`
 * may stand anywhere. Whatever is not named here ends the reading where it stands.
 */
export interface JsonShape {
  /** Of an object: the fields that it may have. Their names count in any letter case. */
  readonly fields?: Readonly<Record<string, JsonShape>>;
  /** Of a list: what its items look like, and how many there may be. */
  readonly list?: { readonly items: JsonShape; readonly max: number };
}

/** A shape made ready for reading. */
interface KnownShape {
  /** The field that a name stands for, under our spelling; undefined when there is none. Absent where no object may stand. */
  readonly field?: FindField;
  /** Absent where no list may stand. */
  readonly list?: { readonly item: () => KnownShape; readonly max: number };
}

/** Finds what a name stands for in an object. */
type FindField = (
  name: string,
) => { readonly name: string; readonly shape: KnownShape } | undefined;

/** Anything at all. */
export const ANY_SHAPE: KnownShape = {
  field: (name) => ({ name, shape: ANY_SHAPE }),
  list: { item: () => ANY_SHAPE, max: Infinity },
};

/** Makes a shape ready, once for all texts. */
export function knownShape({ fields, list }: JsonShape): KnownShape {
  return {
    ...(fields === undefined ? {} : { field: fieldFinder(fields) }),
    ...(list === undefined ? {} : { list: knownList(list) }),
  };
}

function knownList({
  items,
  max,
}: NonNullable<JsonShape['list']>): NonNullable<KnownShape['list']> {
  const item = knownShape(items);
  return { item: () => item, max };
}

function fieldFinder(fields: Readonly<Record<string, JsonShape>>): FindField {
  const known = new Map(
    Object.entries(fields).map(([name, shape]) => [
      name.toLowerCase(),
      { name, shape: knownShape(shape) },
    ]),
  );
  return (name) => known.get(name.toLowerCase());
}
