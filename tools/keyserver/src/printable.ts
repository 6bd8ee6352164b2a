const MAX_LENGTH = 200;

/** Text of a stranger as it may go to a terminal: one line without control characters, of bounded length. */
export const printable = (text: string, maxLength = MAX_LENGTH): string =>
  text.slice(0, maxLength).replaceAll(/\p{C}/gu, '?');
