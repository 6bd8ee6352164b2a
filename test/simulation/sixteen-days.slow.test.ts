import type { Crowd } from './people.ts';
import { simulate } from './play.ts';

/** Two days more than keys are kept, so that what is past retention is seen to go. */
const DAYS = 16;
const DRAWN = Array.from({ length: 10 }, (_, n) => `soak ${n}`);
const SEEDS =
  process.env['SOAK'] === '1' ? DRAWN : [process.env['SIMULATION_SEED'] ?? 'a spring of faults'];

/** For the time-out, in ms; on a machine that is not busy a day takes a fifth of it. */
const LONGEST_DAY = 60_000;

it.each(SEEDS)(
  `nothing is wrong, seen from outside, in ${DAYS} days of three servers at which things go wrong: %s`,
  async (seed) => {
    const { problems, people, faults } = await simulate({ seed, days: DAYS, mode: 'padded' });
    expect(problems).toEqual([]);
    expect(people).toBeGreaterThan(100);
    expect(faults.length).toBeGreaterThan(10);
  },
  DAYS * LONGEST_DAY,
);

describe('what was found in earlier simulations', () => {
  it(
    'no phone is told that its keys are wrong while the clock of the server is',
    async () => {
      const seed = 'an upload while the clock was wrong';
      const faults = [0, 1, 2].map(
        (server) => ({ server, from: 3, until: 5, kind: 'the clock is wrong' }) as const,
      );
      expect((await simulate({ seed, days: 2, mode: 'fresh', faults })).problems).toEqual([]);
    },
    2 * LONGEST_DAY,
  );
});

it(
  'a key that is lost, is where it may not be, or is taken back by nobody would be noticed',
  async () => {
    const spoil = ({ people }: Crowd): void => {
      const stored = people.filter(({ storedAt, isTest }) => storedAt !== undefined && !isTest);
      const [gone, home, traveler] = [
        stored.find(({ takenBackAt }) => takenBackAt !== undefined),
        stored.find(({ traveler: does, takenBackAt }) => !does && takenBackAt === undefined),
        stored.find(({ traveler: does, takenBackAt }) => does && takenBackAt === undefined),
      ].map((person) => people.indexOf(person!)) as [number, number, number];
      people[gone] = { ...people[gone]!, takesBackAt: undefined, takenBackAt: undefined };
      people[home] = { ...people[home]!, traveler: true };
      people[traveler] = { ...people[traveler]!, traveler: false };
    };
    const seed = 'spoiled';
    const { problems } = await simulate({ seed, days: 3, mode: 'fresh', faults: [], spoil });
    const said = problems.join('\n');
    expect(said).toContain('a key is taken back that nobody took back');
    expect(said).toMatch(/a key of .* is in no file/);
    expect(said).toMatch(/a key of nobody who may be here is listed: of /);
  },
  3 * LONGEST_DAY,
);
