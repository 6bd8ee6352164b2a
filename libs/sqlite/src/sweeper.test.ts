import { collection, int, text } from '@keyserver/docstore';
import { DAY } from '@keyserver/time';
import { databaseSettings } from './testing/database-settings.ts';
import { Database } from './database.ts';
import { LONGEST_HOLD } from './hold-back.ts';
import { Sweeper } from './sweeper.ts';

const NOW = 100 * DAY;
const passing = collection({ name: 'passing', fields: { expireAt: int() }, expiry: 'expireAt' });
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
  sweeper.step('passing', NOW, []);
  expect(left()).toEqual(['c']);
});

describe('documents that are held back', () => {
  const windows = collection({
    name: 'windows',
    fields: { window: int(), expireAt: int() },
    indexes: [['window']],
    expiry: 'expireAt',
  });
  const held = [{ collection: 'windows', field: 'window', from: 20 }];
  const within = (id: string, window: number, expires: number): void => {
    const body = windows.codec.encode({ window, expireAt: expires });
    const table = database.open(windows.layout);
    table.set(id, { body, indexed: [window], array: [], expires }, 1);
  };
  const kept = (): string[] =>
    database.db
      .prepare('SELECT id FROM windows ORDER BY id')
      .all()
      .map(({ id }) => String(id));

  it('stay a week longer than the others of their collection', () => {
    within('below', 19, NOW);
    within('held', 20, NOW - LONGEST_HOLD + 1);
    within('above', 21, NOW);
    within('lasting', 21, NOW + 1);
    sweeper.step('windows', NOW, held);
    expect(kept()).toEqual(['above', 'held', 'lasting']);
  });

  it('go all the same after that week', () => {
    within('held', 20, NOW - LONGEST_HOLD);
    sweeper.step('windows', NOW, held);
    expect(kept()).toEqual([]);
  });

  it('go when they are held back no longer', () => {
    within('held', 20, NOW);
    sweeper.step('windows', NOW, held);
    expect(kept()).toEqual(['held']);
    sweeper.step('windows', NOW, [{ ...held[0]!, from: 21 }]);
    expect(kept()).toEqual([]);
  });

  it('let those of other collections go', () => {
    put('a', NOW);
    sweeper.step('passing', NOW, held);
    expect(left()).toEqual([]);
  });

  it('are named by a field that the collection has an index on, and nothing goes otherwise', () => {
    within('a', 1, NOW);
    const wrong = [{ ...held[0]!, field: 'other' }];
    expect(() => {
      sweeper.step('windows', NOW, wrong);
    }).toThrow('no such column');
    expect(kept()).toEqual(['a']);
  });
});

it('comes to every document of a large collection, and begins anew', () => {
  for (let n = 0; n < 1200; n++) put(String(n).padStart(4, '0'), n % 2 === 0 ? 0 : NOW + 1);
  for (let step = 0; step < 3; step++) sweeper.step('passing', NOW, []);
  expect(left()).toHaveLength(600);
  put('0000', 0);
  sweeper.step('passing', NOW, []);
  expect(left()).not.toContain('0000');
});

it('knows the collections whose documents expire without being told', () => {
  expect(new Sweeper(database).expiring()).toEqual(['passing']);
});

it('takes no lock when there is nothing to delete', () => {
  put('a', NOW + 1);
  database.inLock(() => {
    expect(() => {
      sweeper.step('passing', NOW, []);
    }).not.toThrow();
  });
});
