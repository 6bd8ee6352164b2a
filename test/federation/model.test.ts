import { type Planted, firstWith, violationsIn } from './model/histories.ts';

const HISTORIES = 30; // model.slow.test.ts plays thousands
const SEED = process.env['MODEL_SEED'] ?? 'a mesh of servers';

it(`loses, doubles and gives away no key in ${HISTORIES} histories of servers that fetch from one another`, async () => {
  expect(await violationsIn(HISTORIES, SEED)).toEqual([]);
});

/** A fault is looked for until it is seen: the rarest show after some dozens of histories. */
const ENOUGH = 1000;

/** Rarer ones are looked for in model.slow.test.ts. */
const PLANTED: readonly Planted[] = [
  { fault: 'open windows are served', broken: 'lost' },
  { fault: 'units that are not available are passed over', broken: 'lost' },
  { fault: 'the grant in force is not looked at', broken: 'given away' },
  { fault: 'the grant of the day is not looked at', broken: 'given away' },
  { fault: 'generated keys are fresh', broken: 'given away' },
  { fault: 'a revision overtakes its key', broken: 'unrevised' },
];

it.each(PLANTED)('sees that keys are $broken when $fault', async (planted) => {
  expect(await firstWith(planted, ENOUGH, SEED)).toBeDefined();
});
