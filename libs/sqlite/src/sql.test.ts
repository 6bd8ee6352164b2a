import { conditionsOf } from './sql.ts';

const query = { where: { shard: 1 }, order: { by: 'window', from: 2, until: 9 } } as const;

it('begins at the smallest value', () => {
  expect(conditionsOf(query)).toEqual({
    where: ' WHERE "f_shard" = ? AND "f_window" >= ? AND "f_window" < ?',
    values: [1, 2, 9],
  });
});

it('begins at a cursor instead, so that no page walks over the pages before it', () => {
  expect(conditionsOf({ ...query, after: { value: 3, id: 'x' } })).toEqual({
    where: ' WHERE "f_shard" = ? AND "f_window" < ? AND ("f_window", id) > (?, ?)',
    values: [1, 9, 3, 'x'],
  });
});

it('finds documents of an array index by their ids', () => {
  const search = { containsAny: { field: 'tags', values: [7, 8] }, after: { id: 'x' } };
  expect(conditionsOf(search, ['y', 'z'])).toEqual({
    where: ' WHERE id IN (SELECT value FROM json_each(?)) AND id > ?',
    values: ['["y","z"]', 'x'],
  });
});
