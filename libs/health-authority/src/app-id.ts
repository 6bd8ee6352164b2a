/** Bytes of an app id: what servers of other makes keep, and apps that are on phones were built with. */
const MAX_BYTES = 255;

/**
 * An app id as it is stored and compared: lower case. Any text will do that shows; undefined for an empty one, a longer one,
 * and one with characters that cannot be seen or written down.
 */
export function parseAppId(text: string): string | undefined {
  // The bound on characters comes first: lower case is made of what a phone sent, however long.
  if (text.length > MAX_BYTES || /[\p{Cs}\p{Cc}]/u.test(text)) return undefined;
  const id = lowerCase(text);
  return id !== '' && Buffer.byteLength(id) <= MAX_BYTES ? id : undefined;
}

/**
 * Lower case letter by letter, one for one, as servers of other makes have it: ids are moved here from their databases.
 * JavaScript's own looks at the end of a word ("ΣΑΣ" gives "σας") and makes two characters of "İ".
 */
const lowerCase = (text: string): string =>
  Array.from(text, (letter) => Array.from(letter.toLowerCase())[0]).join('');
