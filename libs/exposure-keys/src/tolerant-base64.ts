const ALPHABET = /^[A-Za-z0-9+/_-]*$/;

/**
 * The bytes of base64 text as phones send it, undefined when it is not base64: either alphabet, padded or not, broken
 * into lines or not. Padding counts only at the very end, so padding followed by a line break is refused.
 */
export function decodeTolerantBase64(text: string): Uint8Array | undefined {
  const digits = text.slice(0, lengthWithoutPadding(text)).replace(/[\r\n]/g, '');
  // A digit left over from the groups of four carries too few bits for a byte. Buffer would ignore it, and anything odd.
  if (!ALPHABET.test(digits) || digits.length % 4 === 1) return undefined;
  return new Uint8Array(Buffer.from(digits, 'base64'));
}

/** A loop and not a pattern: matching `=+$` takes quadratic time on padding that is not at the end. */
function lengthWithoutPadding(text: string): number {
  let length = text.length;
  while (text[length - 1] === '=') length -= 1;
  return length;
}
