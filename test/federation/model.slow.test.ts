import { type Planted, firstWith, violationsIn } from './model/histories.ts';

const HISTORIES = process.env['SOAK'] === '1' ? 100_000 : 10_000;
const SEED = process.env['MODEL_SEED'] ?? 'many meshes of servers';

/** For the time-out, in ms; on a machine that is not busy a history takes a tenth of it. */
const LONGEST_HISTORY = 100;

it(
  `loses, doubles and gives away no key in ${HISTORIES} histories of servers that fetch from one another`,
  async () => {
    expect(await violationsIn(HISTORIES, SEED)).toEqual([]);
  },
  HISTORIES * LONGEST_HISTORY,
);

/** The rarer of the faults that were planted: each is seen in one of a hundred histories or more. */
const RARE: readonly Planted[] = [
  { fault: 'the next state is stored before its keys', broken: 'lost' },
  { fault: 'look-up ends with serving', broken: 'twice' },
  { fault: 'a chunk is merged with what was found before', broken: 'twice' },
];
const ENOUGH = 3000;

it.each(RARE)(
  'sees that keys are $broken when $fault',
  async (planted) => {
    expect(await firstWith(planted, ENOUGH, SEED)).toBeDefined();
  },
  ENOUGH * LONGEST_HISTORY,
);
