import { collection, int, text } from '@keyserver/docstore';
import { DAY } from '@keyserver/time';
import { Database } from './database.ts';
import { SWEEP_GRACE, Sweeper } from './sweeper.ts';

const NOW = 100 * DAY;
const passing = collection({ name: 'passing', fields: { expireAt: int() }, expiry: 'expireAt' });
const lasting = collection({ name: 'lasting', fields: { name: text() } });

let database: Database;
let sweeper: Sweeper;

beforeEach(() => {
  database = new Database(':memory:');
  database.open(passing.layout);
  database.open(lasting.layout);
  sweeper = new Sweeper(database);
});
afterEach(() => {
  database.close();
});

const put = (id: string, expires: number): void => {
  const body = passing.codec.encode({ expireAt: expires });
  database.open(passing.layout).table.set(id, { body, indexed: [], array: [], expires }, 1);
};

const left = (): string[] =>
  database.db
    .prepare('SELECT id FROM passing ORDER BY id')
    .all()
    .map(({ id }) => String(id));

it('deletes what expired a week ago, and nothing that expired later', () => {
  put('a', NOW - SWEEP_GRACE);
  put('b', NOW - SWEEP_GRACE + 1);
  put('c', NOW + DAY);
  sweeper.step('passing', NOW);
  expect(left()).toEqual(['b', 'c']);
});

it('comes to every document of a large collection, and begins anew', () => {
  for (let n = 0; n < 1200; n++) put(String(n).padStart(4, '0'), n % 2 === 0 ? 0 : NOW);
  for (let step = 0; step < 3; step++) sweeper.step('passing', NOW);
  expect(left()).toHaveLength(600);
  put('0000', 0);
  sweeper.step('passing', NOW);
  expect(left()).not.toContain('0000');
});

it('knows the collections whose documents expire without being told', () => {
  expect(new Sweeper(database).expiring()).toEqual(['passing']);
});

it('takes no lock when there is nothing to delete', () => {
  put('a', NOW);
  database.inLock(() => {
    expect(() => {
      sweeper.step('passing', NOW);
    }).not.toThrow();
  });
});
