import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Environment } from '@keyserver/config';
import type { Random } from '@keyserver/random';
import type { Clock, Timers } from '@keyserver/time';

/** Where a command talks to people: its two output streams, and a yes-or-no question if somebody is there. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether a person is there to answer. */
  readonly interactive: boolean;
  readonly ask: (question: string) => Promise<boolean>;
  /** Whether whoever reads the output sees colours; not unless given. */
  readonly colours?: boolean;
  /** How wide the terminal is that shows the error stream, in columns; undefined when that is none. */
  readonly errorColumns?: number;
}

/** The time and chance of a machine. */
export interface Machine {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** Everything outside the program that a command may touch. */
export interface CommandContext extends Machine {
  readonly terminal: Terminal;
  /** Who runs the command, for the audit log. */
  readonly user: string;
  /** The directory of a server on one machine, unless --data-dir names another. */
  readonly dataDirectory: string;
  /** The environment, for whoever looks at what services are told by it; empty unless given. */
  readonly environment?: Environment;
}

/** The terminal over a process's three streams; questions go to the error stream, so that output can be piped. */
export const openTerminal = (
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean },
  output: NodeJS.WritableStream & { readonly isTTY?: boolean },
  errors: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number },
): Terminal => ({
  out: (text) => {
    output.write(text);
  },
  err: (text) => {
    errors.write(text);
  },
  interactive: input.isTTY === true,
  colours: output.isTTY === true,
  ...(errors.isTTY === true ? { errorColumns: columnsOf(errors) } : {}),
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

/** What a terminal has that does not say how wide it is. */
const USUAL_COLUMNS = 80;

const columnsOf = ({ columns = 0 }: { readonly columns?: number }): number =>
  columns > 0 ? columns : USUAL_COLUMNS;
