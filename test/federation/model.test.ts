import type { Fault } from './model/link.ts';
import { firstWith, violationsIn } from './model/histories.ts';

const HISTORIES = 100;
const SEED = process.env['MODEL_SEED'] ?? 'a mesh of servers';

it(`loses, doubles and gives away no key in ${HISTORIES} histories of servers that fetch from one another`, async () => {
  expect(await violationsIn(HISTORIES, SEED)).toEqual([]);
});

/** Rarer ones are looked for in model.slow.test.ts. */
const PLANTED: readonly Fault[] = [
  'open windows are served',
  'units that are not available are passed over',
  'the grant in force is not looked at',
  'the grant of the day is not looked at',
  'generated keys are fresh',
  'the next state is stored before its keys',
];

it.each(PLANTED)('sees it when %s', async (fault) => {
  expect(await firstWith(fault, HISTORIES, SEED)).toBeDefined();
});
