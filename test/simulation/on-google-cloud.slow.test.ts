import type { Fault, Kind } from './faults.ts';
import { type Settings, simulate } from './simulate.ts';

const at = (server: number, from: number, until: number, kind: Kind): Fault => ({
  ...{ server, from, until, kind },
});

/** What is most unlike one machine: deaths between two calls, clocks that are not the store's, and many calls at once. */
const CHOSEN: readonly Fault[] = [
  at(0, 2, 5, 'every service is killed'),
  at(1, 2, 3, 'the machine is off'),
  at(1, 4, 5, 'the signing key is exchanged'),
  at(1, 5, 7, 'every service is killed'),
  at(0, 6, 7, 'the clock is wrong'),
];

/**
 * Every read of a key is a call over the network there, so a reduced play has few turns, long files, and no drawn faults. It ends
 * before anything is past retention.
 */
const REDUCED: Omit<Settings, 'platform'> = {
  ...{ seed: 'a summer in the cloud', days: 10, turnHours: 24, periodHours: 24 },
  mode: 'fresh',
  faults: CHOSEN,
};
const WHOLE = Array.from({ length: 6 }, (_, n) => ({
  ...{ seed: `soak ${n}`, days: 16, turnHours: 6, periodHours: 4 },
  mode: n % 2 === 0 ? ('padded' as const) : ('fresh' as const),
}));
const PLAYS: readonly Omit<Settings, 'platform'>[] =
  process.env['SOAK'] === '1' ? WHOLE : [REDUCED];

/** For the time-out, in ms. */
const LONGEST = 30 * 60_000;

it.each(PLAYS)(
  '$days days of two servers on Google Cloud at which things go wrong break no invariant: $seed',
  async (play) => {
    const outcome = await simulate({ ...play, platform: 'gcp-stand-ins' });
    expect(outcome.problems).toEqual([]);
    expect(outcome.evidence.crowd.people.length).toBeGreaterThan(5);
    expect(outcome.deaths).toBeGreaterThan(0);
  },
  LONGEST,
);
