import { violationsIn } from './histories.ts';

/**
 * Faults that were planted by hand and are seen in fewer than 100 histories; in settling: a cell counts as complete whatever was
 * found of its attempt; an attempt that was not named is used; one that came too late is passed over; all attempts are
 * used; other servers' keys count, or leave a cell empty; a batch is not read again. In cells: the longest period, the smallest
 * floor, one export or one traveler flag for all. In plans and cuts: a version holds a day late, the oldest version holds, an
 * end is a day late, a batch crosses midnight, a re-opened export begins late, one that begins skips what is held already, or
 * forgets to fill empty cells. `model.slow.test.ts` plays more.
 */
const HISTORIES = 100;
const SEED = process.env['MODEL_SEED'] ?? 'plans and cells';

it(`loses, doubles and isolates no key in ${HISTORIES} histories of a server`, async () => {
  expect(await violationsIn(HISTORIES, SEED)).toEqual([]);
});
