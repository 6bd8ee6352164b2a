import type { Random } from '@keyserver/random';

/** How many random bytes pad an answer: at least `min`, less than `min + range`. */
export interface PaddingLength {
  readonly min: number;
  readonly range: number;
}

/** Head and content of an answer are filled up to so many bytes: more than those of an upload with a token of 28 keys. */
const USUAL_BYTES = 2048;
/** The few that are longer are filled up to the next step, bytes. */
const STEP_BYTES = 1024;

/** Base64 writes three bytes as four characters. */
const CHARACTERS = 4;
const BYTES = 3;

/**
 * Renders an answer with padding of such a length that head and text together are as long as those of any other answer: filled
 * up to a common length, and random bytes of a drawn number on top. What base64 is too coarse for are spaces at the end, which
 * mean nothing in JSON.
 */
export function renderPadded(
  {
    render,
    headBytes,
  }: { readonly render: (padding: string) => string; readonly headBytes: number },
  random: Random,
  { min, range }: PaddingLength,
): string {
  const content = headBytes + Buffer.byteLength(render(''));
  const drawn = CHARACTERS * Math.ceil((min + random.below(range)) / BYTES);
  const room = filledLength(content) - content + drawn + random.below(CHARACTERS);
  const spaces = room % CHARACTERS;
  const bytes = random.bytes((BYTES * (room - spaces)) / CHARACTERS);
  return render(Buffer.from(bytes).toString('base64')) + ' '.repeat(spaces);
}

const filledLength = (content: number): number =>
  USUAL_BYTES + STEP_BYTES * Math.max(0, Math.ceil((content - USUAL_BYTES) / STEP_BYTES));
