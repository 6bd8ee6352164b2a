import type { Random } from '@keyserver/random';
import { type PauseTarget, beginPause, endPause } from '@keyserver/stores';
import { DAY } from '@keyserver/time';
import { exchangeSigningKeys, moveFloor, recall } from './operators.ts';
import type { Crowd } from './people.ts';
import type { Part, SimulatedServer } from './server.ts';

/** What goes wrong at one server, or is done to it, from one turn of the simulation to another. */
export interface Fault {
  readonly server: number;
  readonly from: number;
  readonly until: number;
  readonly kind: Kind;
}

/** What else a fault may be about. */
interface Scene {
  readonly crowd: Crowd;
  /** The keys that the files of a server listed when they were last looked at. */
  keysListedBy(server: SimulatedServer): ReadonlySet<string>;
}

/** How a fault begins, goes on and ends; each leaves the server as it was, so that what was missed must be caught up. */
interface Effect {
  readonly begin?: (server: SimulatedServer, scene: Scene) => Promise<void>;
  /** Comes over each turn, before anybody does anything. */
  readonly each?: (server: SimulatedServer) => void;
  readonly end?: (server: SimulatedServer) => Promise<void>;
  /** Whether keys may be late because of it. */
  readonly delays: boolean;
  /** How many hours it lasts at most; a turn at least. */
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
  longest: 15,
});

/** How far a clock goes wrong: far enough that keys would be deleted if it were believed. */
const JUMP = 20 * DAY;

/** Most jobs of a turn use their store a few dozen times, and exports and cleanup some hundred. */
const USES = [10, 40, 200] as const;

const killAll = ({ parts, random, kill }: SimulatedServer): void => {
  for (const part of parts) kill(part, random.below(USES[random.below(USES.length)]!));
};

const paused = (targetOf: (server: SimulatedServer) => PauseTarget): Effect => ({
  begin: async (server) => {
    const { platform, random } = server;
    const outcome = await beginPause(platform.store, targetOf(server), {
      actor: 'simulation',
      random,
    });
    if (outcome.kind !== 'paused') throw new Error(`not paused: ${outcome.kind}`);
  },
  end: async (server) => {
    const { platform, random } = server;
    const by = { actor: 'simulation', random };
    await endPause(platform.store, targetOf(server), by);
  },
  delays: true,
  longest: 12,
});

const EFFECTS = {
  'the scheduler is away': { delays: true, longest: 18 },
  'every job is started twice at once': { delays: false, longest: 18 },
  'publish is away': away('publish'),
  'export is away': away('export'),
  'cleanup and trust are away': away('cleanup', 'trust'),
  'federation-serve is away': away('federation-serve'),
  'federation-pull is away': away('federation-pull'),
  'the machine is off': {
    ...away(),
    begin: async (server) => {
      await server.stop();
    },
    end: async (server) => {
      await server.start();
    },
  },
  'every service is started anew': {
    begin: async (server) => {
      await server.stop();
      await server.start();
    },
    delays: false,
    longest: 3,
  },
  'every service is killed': { each: killAll, delays: true, longest: 12 },
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
    longest: 6,
  },
  'the region is paused': paused(({ country }) => ({ kind: 'region', target: country.region })),
  'the application is paused': paused(({ country }) => ({ kind: 'app', target: country.app })),
  'a partner is paused': paused((server) => ({
    kind: 'query',
    target: server.configuration?.queries?.[0]?.id ?? '',
  })),
  'the signing key is exchanged': { begin: exchangeSigningKeys, delays: false, longest: 3 },
  'keys are recalled': {
    begin: async (server, { crowd, keysListedBy }) => {
      await recall(server, crowd, keysListedBy(server));
    },
    delays: false,
    longest: 3,
  },
  'cells get another floor': { begin: moveFloor, delays: false, longest: 3 },
} satisfies Readonly<Record<string, Effect>>;

/** What can go wrong, or be done. */
export type Kind = keyof typeof EFFECTS;
export const KINDS = Object.keys(EFFECTS) as readonly Kind[];

export const effectOf = ({ kind }: Fault): Effect => EFFECTS[kind];

/** Hours between two faults of one server, at most. */
const LONGEST_PEACE = 36;

/** The turns in which faults may be, and how far time goes in each. */
interface BusyTurns {
  readonly turns: number;
  readonly turnHours: number;
}

/**
 * Faults of so many servers: one after another at each server, at several servers at once. All kinds come, at one server or another,
 * before any comes again.
 */
export function drawFaults(
  servers: number,
  { turns, turnHours }: BusyTurns,
  random: Random,
): readonly Fault[] {
  const upTo = (hours: number): number => 1 + random.below(Math.ceil(hours / turnHours));
  const faults: Fault[] = [];
  let left: Kind[] = [];
  for (let server = 0; server < servers; server++) {
    let from = upTo(LONGEST_PEACE);
    while (from < turns) {
      if (left.length === 0) left = [...KINDS];
      const kind = left.splice(random.below(left.length), 1)[0]!;
      const until = Math.min(from + upTo(EFFECTS[kind].longest), turns);
      faults.push({ server, from, until, kind });
      from = until + upTo(LONGEST_PEACE);
    }
  }
  return faults;
}
