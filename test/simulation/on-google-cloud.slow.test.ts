import { simulate } from './simulate.ts';

const DAYS = 16;
const SOAK = process.env['SOAK'] === '1';
const DRAWN = Array.from({ length: 6 }, (_, n) => `soak ${n}`);
const SEEDS = SOAK ? DRAWN : [process.env['SIMULATION_SEED'] ?? 'a summer in the cloud'];
/** Every read of a key is a call over the network there, so a reduced play has fewer turns and longer files. */
const HOW = SOAK
  ? ({ turnHours: 6, periodHours: 4, mode: 'padded' } as const)
  : ({ turnHours: 12, periodHours: 12, mode: 'fresh' } as const);

/** For the time-out, in ms. */
const LONGEST = 30 * 60_000;

it.each(SEEDS)(
  `${DAYS} days of two servers on Google Cloud at which things go wrong break no invariant: %s`,
  async (seed) => {
    const outcome = await simulate({ ...HOW, platform: 'gcp-stand-ins', seed, days: DAYS });
    expect(outcome.problems).toEqual([]);
    expect(outcome.evidence.crowd.people.length).toBeGreaterThan(20);
    expect(outcome.faults.length).toBeGreaterThan(4);
  },
  LONGEST,
);
