import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Terminal } from './surroundings.ts';

/** The terminal over a process's three streams; questions go to the error stream, so that output can be piped. */
export const openTerminal = (
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean },
  output: NodeJS.WritableStream,
  errors: NodeJS.WritableStream,
): Terminal => ({
  out: (text) => {
    output.write(text);
  },
  err: (text) => {
    errors.write(text);
  },
  interactive: input.isTTY === true,
  ask: async (question) => {
    const lines = createInterface({ input, output: errors });
    try {
      // The end of the input is an answer too: no.
      const closed = once(lines, 'close').then(() => '');
      const answer = await Promise.race([lines.question(`${question} [y/N] `), closed]);
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      lines.close();
    }
  },
});
