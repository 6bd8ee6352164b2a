/** What valid JSON may do that we refuse. */
export type Flaw = 'duplicate_name' | 'number' | 'depth';

const MAX_DEPTH = 16;

/** The first flaw of a text that is known to be valid JSON. */
export function findFlaw(text: string): Flaw | undefined {
  const names: Set<string>[] = [];
  let latest = '';
  for (const [start, end] of tokens(text)) {
    const first = text.charAt(start);
    if (isOpening(first)) names.push(new Set());
    else if (isClosing(first)) names.pop();
    if (names.length > MAX_DEPTH) return 'depth';
    // In valid JSON a colon follows a name and nothing else.
    if (first === ':' && !isNew(latest, names.at(-1))) return 'duplicate_name';
    latest = text.slice(start, end);
    if (/[-0-9]/.test(first) && !isPlainInteger(latest)) return 'number';
  }
  return undefined;
}

/** Where the first value of a text ends; the text need not be valid. */
export function valueEnd(text: string): number {
  let depth = 0;
  for (const [start, end] of tokens(text)) {
    const first = text.charAt(start);
    if (isOpening(first)) depth += 1;
    else if (isClosing(first)) depth -= 1;
    if (depth <= 0) return end;
  }
  return text.length;
}

function isNew(name: string, seen: Set<string> | undefined): boolean {
  const folded = String(JSON.parse(name)).toUpperCase().toLowerCase();
  if (seen?.has(folded) === true) return false;
  seen?.add(folded);
  return true;
}

const isOpening = (token: string): boolean => token === '{' || token === '[';
const isClosing = (token: string): boolean => token === '}' || token === ']';
const isPlainInteger = (token: string): boolean =>
  /^-?[0-9]+$/.test(token) && Number.isSafeInteger(Number(token));

/** Strings, numbers and words, and single characters, white space left out: where each starts and ends. */
function* tokens(text: string): Generator<readonly [start: number, end: number]> {
  const gap = /[ \t\r\n]*/y;
  let at = 0;
  for (;;) {
    gap.lastIndex = at;
    gap.test(text);
    const start = gap.lastIndex;
    if (start >= text.length) return;
    at = text.charAt(start) === '"' ? stringEnd(text, start) : wordEnd(text, start);
    yield [start, at];
  }
}

function wordEnd(text: string, start: number): number {
  const word = /[-+.\w]+/y;
  word.lastIndex = start;
  return word.test(text) ? word.lastIndex : start + 1;
}

function stringEnd(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote >= 0 && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote < 0 ? text.length : quote + 1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charAt(at - 1 - backslashes) === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}
