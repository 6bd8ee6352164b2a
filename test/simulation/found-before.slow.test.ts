import { simulate } from './simulate.ts';

/** For the time-out, in ms. */
const LONGEST = 5 * 60_000;

describe('what was found in earlier simulations does not come back:', () => {
  it(
    'a phone was told that its keys are wrong while the clock of the server was',
    async () => {
      const faults = [0, 1, 2].map(
        (server) => ({ server, from: 3, until: 5, kind: 'the clock is wrong' }) as const,
      );
      const { problems } = await simulate({
        ...{ seed: 'an upload while the clock was wrong', platform: 'local', mode: 'fresh' },
        ...{ days: 2, turnHours: 6, periodHours: 4, faults },
      });
      expect(problems).toEqual([]);
    },
    LONGEST,
  );
});
