/** One element of DER: its tag (one byte, class and form included) and its contents. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** Tags of what certificates are made of. */
export const DER = {
  boolean: 0x01,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  sequence: 0x30,
  /** A context-specific tag around another element. */
  explicit: (number: number): number => 0xa0 + number,
} as const;

/**
 * The elements that fill the bytes, side by side: tags of one byte, definite lengths in their shortest form (X.690, 10.1).
 * Undefined for anything else. It does not look into the elements, so nesting costs nothing.
 */
export function readDer(bytes: Uint8Array): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const first = firstElement(rest);
    if (first === undefined) return undefined;
    elements.push(first.element);
    rest = rest.subarray(first.length);
  }
  return elements;
}

/** The contents of the one element that fills the bytes; undefined when there is another number of them, or another tag. */
export function readSole(bytes: Uint8Array, tag: number): Uint8Array | undefined {
  const [only, ...more] = readDer(bytes) ?? [];
  return only?.tag === tag && more.length === 0 ? only.content : undefined;
}

/** The elements within the one element that fills the bytes. */
export function readSoleList(bytes: Uint8Array, tag: number): readonly DerElement[] | undefined {
  const content = readSole(bytes, tag);
  return content && readDer(content);
}

const [MULTI_BYTE_TAG, LONG_FORM, MAX_LENGTH_BYTES] = [0x1f, 0x80, 3];

function firstElement(
  bytes: Uint8Array,
): { readonly element: DerElement; readonly length: number } | undefined {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return undefined;
  if ((tag & MULTI_BYTE_TAG) === MULTI_BYTE_TAG) return undefined;
  const more = first < LONG_FORM ? 0 : first - LONG_FORM;
  const length = more === 0 ? shortLength(first) : longLength(bytes.subarray(2, 2 + more), more);
  const begin = 2 + more;
  if (length === undefined || begin + length > bytes.length) return undefined;
  const end = begin + length;
  return { element: { tag, content: bytes.subarray(begin, end) }, length: end };
}

/** 0x80 announces an indefinite length, which DER has not. */
const shortLength = (first: number): number | undefined => (first < LONG_FORM ? first : undefined);

function longLength(digits: Uint8Array, count: number): number | undefined {
  if (count > MAX_LENGTH_BYTES || digits.length < count || digits[0] === 0) return undefined;
  const length = digits.reduce((value, digit) => value * 0x100 + digit, 0);
  return length < LONG_FORM ? undefined : length;
}
