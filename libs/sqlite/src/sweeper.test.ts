import { collection, int, text } from '@keyserver/docstore';
import { DAY } from '@keyserver/time';
import { databaseSettings } from './testing/database-settings.ts';
import { Database } from './database.ts';
import { Sweeper } from './sweeper.ts';

const NOW = 100 * DAY;
const PASSING = { name: 'passing', fields: { expireAt: int() }, expiry: 'expireAt' } as const;
const passing = collection(PASSING);
const lasting = collection({ name: 'lasting', fields: { name: text() } });

let database: Database;
let sweeper: Sweeper;

beforeEach(() => {
  database = new Database(':memory:', databaseSettings);
  database.open(passing.layout);
  database.open(lasting.layout);
  sweeper = new Sweeper(database);
});
afterEach(() => {
  database.close();
});

const put = (id: string, expires: number): void => {
  const body = passing.codec.encode({ expireAt: expires });
  database.open(passing.layout).set(id, { body, indexed: [], array: [], expires }, 1);
};

const left = (): string[] =>
  database.db
    .prepare('SELECT id FROM passing ORDER BY id')
    .all()
    .map(({ id }) => String(id));

it('deletes what has expired, at once, and nothing that expires later', () => {
  put('a', NOW - DAY);
  put('b', NOW);
  put('c', NOW + 1);
  sweeper.step('passing', NOW);
  expect(left()).toEqual(['c']);
});

it('leaves those with a grace until that has passed too', () => {
  const cleaned = collection({ ...PASSING, name: 'cleaned', grace: DAY });
  const table = database.open(cleaned.layout);
  for (const [id, expires] of [
    ['due', NOW - DAY],
    ['left', NOW - DAY + 1],
  ] as const)
    table.set(
      id,
      {
        body: cleaned.codec.encode({ expireAt: expires }),
        ...{ indexed: [], array: [], expires },
      },
      1,
    );
  sweeper.step('cleaned', NOW);
  const found = database.db.prepare('SELECT id FROM cleaned').all();
  expect(found.map(({ id }) => id)).toEqual(['left']);
});

it('comes to every document of a large collection, and begins anew', () => {
  for (let n = 0; n < 1200; n++) put(String(n).padStart(4, '0'), n % 2 === 0 ? 0 : NOW + 1);
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
  put('a', NOW + 1);
  database.inLock(() => {
    expect(() => {
      sweeper.step('passing', NOW);
    }).not.toThrow();
  });
});
