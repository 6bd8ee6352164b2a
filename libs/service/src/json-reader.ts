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
/** A number of so many digits is exact whatever they are. */
const EXACT_DIGITS = 15;
const [TAB, LINE_FEED, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [ZERO, NINE] = [0x30, 0x39];
const [BRACKET, BRACKET_END, BRACE, BRACE_END] = [0x5b, 0x5d, 0x7b, 0x7d];
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

/**
 * Reads one JSON text from its beginning and stops at the first thing that is wrong with it. By character codes, since each
 * upload passes through here.
 */
export class JsonReader {
  private readonly text: string;
  private readonly place: (string | number)[] = [];
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The whole text as one value; what is wrong is thrown as a JsonFlaw. */
  whole(shape: KnownShape): unknown {
    const value = this.value(shape);
    this.next();
    if (this.at < this.text.length) throw this.flaw('trailing');
    return value;
  }

  private value(shape: KnownShape): unknown {
    switch (this.next()) {
      case QUOTE:
        return this.string();
      case BRACE:
        return this.object(shape);
      case BRACKET:
        return this.items(shape);
      default:
        return this.word();
    }
  }

  private open(): void {
    this.at += 1;
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw this.flaw('depth');
  }

  private object({ field }: KnownShape): object {
    this.open();
    if (field === undefined) throw this.flaw('misplaced_object');
    const members: Record<string, unknown> = {};
    const seen = new Set<string>();
    while (!this.closes(BRACE_END, seen.size)) {
      const { name, shape } = this.name(field, seen);
      this.expect(COLON);
      const value = this.inside(name, shape);
      if (name === '__proto__') setOwn(members, name, value);
      else members[name] = value;
    }
    this.depth -= 1;
    return members;
  }

  private name(field: FindField, seen: Set<string>): KnownField {
    if (this.next() !== QUOTE) throw this.flaw('syntax');
    const known = field(this.string());
    if (known === undefined) throw this.flaw('unknown_name');
    // Readers differ in which of two they believe, and some take no notice of the letter case.
    if (seen.has(known.folded)) throw this.flaw('duplicate_name');
    seen.add(known.folded);
    return known;
  }

  private items({ list }: KnownShape): unknown[] {
    this.open();
    if (list === undefined) throw this.flaw('misplaced_list');
    const items: unknown[] = [];
    while (!this.closes(BRACKET_END, items.length)) {
      if (items.length >= list.max) throw this.flaw('too_many_items');
      items.push(this.inside(items.length, list.item()));
    }
    this.depth -= 1;
    return items;
  }

  private inside(step: string | number, shape: KnownShape): unknown {
    this.place.push(step);
    const value = this.value(shape);
    this.place.pop();
    return value;
  }

  /** Whether what was opened ends here; if it goes on, the comma before the next member is passed. */
  private closes(bracket: number, members: number): boolean {
    if (this.next() === bracket) {
      this.at += 1;
      return true;
    }
    if (members > 0) this.expect(COMMA);
    return false;
  }

  private expect(code: number): void {
    if (this.next() !== code) throw this.flaw('syntax');
    this.at += 1;
  }

  /** The code of the next character that is no white space, NaN at the end; it is not passed. */
  private next(): number {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== SPACE && code !== LINE_FEED && code !== RETURN && code !== TAB) return code;
      this.at += 1;
    }
  }

  private string(): string {
    const start = this.at + 1;
    const quote = this.text.indexOf('"', start);
    const plain = this.text.slice(start, Math.max(quote, start));
    if (quote < 0 || NOT_PLAIN.test(plain)) return this.unusualString();
    this.at = quote + 1;
    return plain;
  }

  /** A string that has escapes in it, or is none. */
  private unusualString(): string {
    const start = this.at;
    const quote = this.closingQuote(start + 1);
    this.at = quote < 0 ? this.text.length : quote + 1;
    if (quote < 0) throw this.flaw('syntax');
    return this.unescaped(this.text.slice(start, quote + 1));
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
    const short = this.shortNumber();
    if (short !== undefined) return short;
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

  /** A whole number as most are, a few digits before a comma or bracket; undefined, and nothing is passed, for anything else. */
  private shortNumber(): number | undefined {
    const { text, at: start } = this;
    let [at, number] = [start, 0];
    let code = text.charCodeAt(at);
    for (; code >= ZERO && code <= NINE; code = text.charCodeAt(++at))
      number = 10 * number + code - ZERO;
    const digits = at - start;
    if (digits === 0 || digits > EXACT_DIGITS) return undefined;
    if (digits > 1 && text.charCodeAt(start) === ZERO) return undefined;
    if (code !== COMMA && code !== BRACE_END && code !== BRACKET_END) return undefined;
    this.at = at;
    return number;
  }

  private flaw(reason: JsonFlaw['reason']): JsonFlaw {
    return new JsonFlaw(reason, this.place.map(String), this.at);
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

/** What a name stands for. */
interface KnownField {
  /** Our spelling. */
  readonly name: string;
  /** What all spellings have in common that differ in letter case only. */
  readonly folded: string;
  readonly shape: KnownShape;
}

/** Finds what a name stands for in an object. */
type FindField = (name: string) => KnownField | undefined;

/** Anything at all. */
export const ANY_SHAPE: KnownShape = {
  field: (name) => ({ name, folded: name.toUpperCase().toLowerCase(), shape: ANY_SHAPE }),
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
  const known = new Map<string, KnownField>();
  for (const [name, shape] of Object.entries(fields)) {
    const folded = name.toLowerCase();
    const field = { name, folded, shape: knownShape(shape) };
    known.set(folded, field).set(name, field);
  }
  return (name) => known.get(name) ?? known.get(name.toLowerCase());
}

/** An own field, even where it is called like something that every object has. */
function setOwn(members: object, name: string, value: unknown): void {
  const rights = { configurable: true, enumerable: true, writable: true };
  Object.defineProperty(members, name, { ...rights, value });
}
