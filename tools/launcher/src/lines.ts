const LONGEST = 256 * 1024;

/** Cuts a stream of text into whole lines, line feeds included; a line without an end is passed on when it grows too long. */
export function wholeLines(take: (lines: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    rest += text;
    const end = rest.length > LONGEST ? rest.length : rest.lastIndexOf('\n') + 1;
    if (end === 0) return;
    const lines = rest.slice(0, end);
    rest = rest.slice(end);
    take(lines);
  };
}
