import type { Clock, Timers } from '@keyserver/time';
import type { Random } from '@keyserver/random';

/** Where a command talks to people: its two output streams, and a yes-or-no question if somebody is there. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether a person is there to answer. */
  readonly interactive: boolean;
  readonly ask: (question: string) => Promise<boolean>;
}

/** The time and chance of a machine. */
export interface Machine {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** Everything outside the program that a command may touch. */
export interface Surroundings extends Machine {
  readonly terminal: Terminal;
  /** Who runs the command, for the audit log. */
  readonly user: string;
  /** The directory of a server on one machine, unless --data-dir names another. */
  readonly dataDirectory: string;
}
