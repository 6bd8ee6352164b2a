import type { Random } from '@keyserver/random';
import { DAY } from '@keyserver/time';
import type { Part, SimulatedServer } from './server.ts';

/** What goes wrong at one server, from one turn of the simulation to another. */
export interface Fault {
  readonly server: number;
  readonly from: number;
  readonly until: number;
  readonly kind: Kind;
}

/** How a fault begins and ends; each leaves the server as it was, so that what was missed must be caught up. */
interface Effect {
  readonly begin?: (server: SimulatedServer) => Promise<void>;
  readonly end?: (server: SimulatedServer) => Promise<void>;
  /** Whether keys may be late because of it. */
  readonly delays: boolean;
  /** How many turns it lasts at most. */
  readonly longest: number;
}

const away = (...parts: readonly Part[]): Effect => ({
  begin: async (server) => {
    await server.stop(parts);
  },
  end: async (server) => {
    await server.start(parts);
  },
  delays: true,
  longest: 5,
});

/** How far a clock goes wrong: far enough that keys would be deleted if it were believed. */
const JUMP = 20 * DAY;

const EFFECTS = {
  'the scheduler is away': { delays: true, longest: 6 },
  'every job is started twice at once': { delays: false, longest: 6 },
  'publish is away': away('publish'),
  'export is away': away('export'),
  'cleanup and trust are away': away('cleanup', 'trust'),
  'federation-serve is away': away('federation-serve'),
  'federation-pull is away': away('federation-pull'),
  'the machine is off': away(
    ...(['publish', 'export', 'cleanup', 'trust', 'cdn'] as const),
    ...(['federation-serve', 'federation-pull'] as const),
  ),
  'every service is started anew': {
    begin: async (server) => {
      await server.stop();
      await server.start();
    },
    delays: false,
    longest: 1,
  },
  'the clock is wrong': {
    begin: async ({ clock }) => {
      clock.jump(JUMP);
      await Promise.resolve();
    },
    end: async ({ clock }) => {
      clock.jump(-JUMP);
      await Promise.resolve();
    },
    delays: true,
    longest: 2,
  },
} satisfies Readonly<Record<string, Effect>>;

/** What can go wrong. */
export type Kind = keyof typeof EFFECTS;
const KINDS = Object.keys(EFFECTS) as readonly Kind[];

export const effectOf = ({ kind }: Fault): Effect => EFFECTS[kind];

/** Turns between two faults of one server, at most. */
const LONGEST_PEACE = 15;

/** Faults of so many servers in so many turns: one after another at each server, at several servers at once. */
export function drawFaults(servers: number, turns: number, random: Random): readonly Fault[] {
  const faults: Fault[] = [];
  for (let server = 0; server < servers; server++) {
    let from = 1 + random.below(LONGEST_PEACE);
    while (from < turns) {
      const kind = KINDS[random.below(KINDS.length)] ?? KINDS[0]!;
      const until = Math.min(from + 1 + random.below(EFFECTS[kind].longest), turns);
      faults.push({ server, from, until, kind });
      from = until + 1 + random.below(LONGEST_PEACE);
    }
  }
  return faults;
}
