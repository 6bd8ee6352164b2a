import fc from 'fast-check';
import { LONG, SHORT, anyPlay, playChange } from './testing/window-change.ts';

/**
 * A publisher that goes by windows it read hours ago is caught by about one play in eleven when windows become shorter, so
 * that 200 plays miss it once in a hundred million times.
 */
const RUNS = process.env['SOAK'] === '1' ? 5000 : 200;

/** For the time-out, in ms; on a machine that is not busy a play takes a tenth of it. */
const LONGEST_PLAY = 2000;

it.each([
  [LONG, SHORT],
  [SHORT, LONG],
])(
  `windows that change from %d ms to %d ms lose no key, ${RUNS} times`,
  async (before, after) => {
    await fc.assert(
      fc.asyncProperty(anyPlay, async (play) => {
        const { sent, filed } = await playChange(play, { before, after });
        expect(filed).toEqual(filed.map(() => sent));
      }),
      // Without looking for a smaller counterexample, which takes longer than finding one.
      { numRuns: RUNS, endOnFailure: true },
    );
  },
  RUNS * LONGEST_PLAY,
);
