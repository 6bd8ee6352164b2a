import { violationsIn } from './histories.ts';

/**
 * Faults that were planted by hand, one at a time, and are seen here. In settling: a cell counts as complete whatever was
 * found of its attempt; an attempt is used that was not named; an attempt that came too late is passed over; all attempts are used;
 * keys of other servers count, or make no cell; a batch is not read again. In cells: the longest period, the smallest floor,
 * one export, one kind or one traveler flag for all. In revisions: what was claimed before is taken again, or twice at once; a
 * cell of revisions is settled with nothing. In plans and cuts: a version holds a day late; the oldest version holds; an end is a
 * day late; a beginning is moved; a batch crosses midnight; a new export skips what is held; empty cells are forgotten.
 */
const HISTORIES = 100;
const SEED = process.env['MODEL_SEED'] ?? 'plans and cells';

it(`loses, doubles and isolates no key in ${HISTORIES} histories of a server`, async () => {
  expect(await violationsIn(HISTORIES, SEED)).toEqual([]);
});
