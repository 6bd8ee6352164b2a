import { collection, int, ints, text } from '@keyserver/docstore';
import { firestoreIndexes } from './index.ts';

const keys = collection({
  name: 'keys',
  fields: { shard: int(), window: int(), hashes: ints(), expireAt: int(), secret: text() },
  indexes: [['shard', 'window'], ['window']],
  arrayIndex: 'hashes',
  expiry: 'expireAt',
});
const apps = collection({ name: 'apps', fields: { name: text() } });

describe('the indexes of a Firestore database', () => {
  const { indexes, fields, ttl } = firestoreIndexes([keys.layout, apps.layout]);

  it('has a composite index for each declared one of several fields, in their order', () => {
    expect(indexes).toEqual([
      {
        collection: 'keys',
        fields: [
          { field: 'shard', order: 'ASCENDING' },
          { field: 'window', order: 'ASCENDING' },
        ],
      },
    ]);
  });

  it('exempts every field of every collection but those with an index of their own', () => {
    expect(fields).toEqual([
      { collection: 'apps', field: '*', indexes: [] },
      { collection: 'keys', field: '*', indexes: [] },
      { collection: 'keys', field: 'hashes', indexes: [{ arrayConfig: 'CONTAINS' }] },
      { collection: 'keys', field: 'window', indexes: [{ order: 'ASCENDING' }] },
    ]);
  });

  it('expires only collections that say so', () => {
    expect(ttl).toEqual([{ collection: 'keys', field: 'expireAt' }]);
  });

  it('does not depend on the order of the collections', () => {
    const turned = firestoreIndexes([apps.layout, keys.layout]);
    expect(turned).toEqual({ indexes, fields, ttl });
  });
});
