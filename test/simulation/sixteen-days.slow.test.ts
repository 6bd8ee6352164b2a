import { judge } from './evidence.ts';
import { KINDS } from './faults.ts';
import { INVARIANTS, type Invariant } from './invariants.ts';
import { type Outcome, simulate } from './simulate.ts';
import { SPOILS } from './spoils.ts';

/** Two days more than keys are kept, so that what is past retention is seen to go. */
const DAYS = 16;
const SOAK = process.env['SOAK'] === '1';
const DRAWN = Array.from({ length: 10 }, (_, n) => `soak ${n}`);
const SEEDS = SOAK ? DRAWN : [process.env['SIMULATION_SEED'] ?? 'a spring of faults'];
/** Files of four hours are what phones are advised to take; a reduced play has fewer turns and longer files. */
const HOW = SOAK ? { turnHours: 3, periodHours: 4 } : { turnHours: 12, periodHours: 12 };

/** For the time-out, in ms. */
const LONGEST = 15 * 60_000;

let outcome: Outcome;

describe.each(SEEDS)(`${DAYS} days of three servers at which things go wrong: %s`, (seed) => {
  beforeAll(async () => {
    outcome = await simulate({ ...HOW, platform: 'local', mode: 'padded', seed, days: DAYS });
  }, LONGEST);

  it('break no invariant, seen from outside', () => {
    expect(outcome.problems).toEqual([]);
  });

  it('see people, deaths of services and most kinds of faults', () => {
    expect(outcome.evidence.crowd.people.length).toBeGreaterThan(30);
    expect(outcome.deaths).toBeGreaterThan(0);
    const played = new Set(outcome.faults.map(({ kind }) => kind));
    expect(played.size).toBeGreaterThan(KINDS.length / 2);
  });
});

const ALL = Object.keys(INVARIANTS) as readonly Invariant[];
const CASES = ALL.flatMap((invariant) =>
  Object.entries(SPOILS[invariant]).map(([what, spoil]) => ({ invariant, what, spoil })),
);

it('is judged by checks that find nothing in good evidence', () => {
  expect(judge(outcome.evidence)).toEqual([]);
});

it.each(CASES)('would be noticed by $invariant: $what', ({ invariant, spoil }) => {
  const problems = judge(spoil(outcome.evidence));
  expect(problems.filter((problem) => problem.startsWith(`${invariant}: `))).not.toEqual([]);
});
