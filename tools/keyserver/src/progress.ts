import { SECOND } from '@keyserver/time';
import type { CommandContext } from './terminal.ts';

/** How often people see how far long work has come, ms: on the one line of a terminal, and in lines of a log. */
const TERMINAL_MS = SECOND;
const LOG_MS = 10 * SECOND;

/** Says how far work has come: a few printable words. Costs little, so that it may be called at every step. */
export type Tell = (text: string) => void;

/**
 * Does long work, and shows on the error stream how far it has come: in a terminal on one line that is renewed at most once a second and
 * cleared at the end, elsewhere in a line at most every ten seconds. Work that ends before shows nothing.
 */
export async function withProgress<T>(
  { terminal, timers }: Pick<CommandContext, 'terminal' | 'timers'>,
  work: (tell: Tell) => Promise<T>,
): Promise<T> {
  const { err, errorColumns } = terminal;
  const isTerminal = errorColumns !== undefined;
  const line = isTerminal ? renewedLine(err, errorColumns) : linesOf(err);
  const pause = isTerminal ? TERMINAL_MS : LOG_MS;
  let due = timers.monotonic() + pause;
  try {
    return await work((text) => {
      const now = timers.monotonic();
      if (now < due) return;
      due = now + pause;
      line.write(text);
    });
  } finally {
    line.clear();
  }
}

interface Line {
  readonly write: Tell;
  readonly clear: () => void;
}

const linesOf = (err: Tell): Line => ({
  write: (text) => {
    err(`${text}\n`);
  },
  clear: () => undefined,
});

/** One line, written over itself with blanks: every terminal understands that. A line that wrapped could not be cleared. */
function renewedLine(err: Tell, columns: number): Line {
  let shown = 0;
  const write = (text: string): void => {
    const fitting = text.slice(0, Math.max(0, columns - 1));
    err(`\r${fitting.padEnd(shown)}`);
    shown = fitting.length;
  };
  return {
    write,
    clear: () => {
      if (shown === 0) return;
      write('');
      err('\r');
    },
  };
}
