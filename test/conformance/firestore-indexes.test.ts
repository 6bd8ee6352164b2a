import { readFileSync } from 'node:fs';
import { allCollections } from '@keyserver/stores';
import { renderedIndexes } from '../../terraform/rendered-indexes.ts';

const committed = readFileSync(
  new URL('../../terraform/firestore-indexes.json', import.meta.url),
  'utf8',
);

interface Rendered {
  readonly indexes: readonly { readonly collection: string; readonly fields: readonly unknown[] }[];
  readonly fields: readonly {
    readonly collection: string;
    readonly field: string;
    readonly indexes: readonly unknown[];
  }[];
  readonly ttl: readonly { readonly collection: string; readonly field: string }[];
}

const { indexes, fields, ttl } = JSON.parse(committed) as Rendered;

describe('the indexes that terraform gives Firestore', () => {
  it('are those that the code declares (npm run generate:indexes)', () => {
    expect(committed).toBe(renderedIndexes());
  });

  it('leave no field of any collection indexed that is not declared', () => {
    const exempt = fields.filter(({ field, indexes: kept }) => field === '*' && kept.length === 0);
    expect(exempt.map(({ collection }) => collection).sort()).toEqual(
      allCollections.map(({ layout }) => layout.name).sort(),
    );
  });

  it('find stored keys by shard and window, and by the hashes of keys', () => {
    expect(indexes.filter(({ collection }) => collection === 'keyBatches')).toEqual([
      {
        collection: 'keyBatches',
        fields: [
          { field: 'shard', order: 'ASCENDING' },
          { field: 'window', order: 'ASCENDING' },
        ],
      },
    ]);
    expect(
      fields.filter(({ collection, field }) => collection === 'keyBatches' && field !== '*'),
    ).toEqual([
      { collection: 'keyBatches', field: 'keyHashes', indexes: [{ arrayConfig: 'CONTAINS' }] },
    ]);
  });

  it('never hold a whole key: records and what they are packed in stay out of every index', () => {
    const indexed = [
      ...indexes.flatMap((index) => index.fields.map((of) => [index.collection, of])),
      ...fields.flatMap(({ collection, field, indexes: kept }) =>
        kept.length === 0 ? [] : [[collection, { field }]],
      ),
    ];
    expect(indexed.filter(([, of]) => JSON.stringify(of).includes('"records"'))).toEqual([]);
  });

  it('let everything expire that the code lets expire', () => {
    const declared = allCollections.flatMap(({ layout: { name, expiry } }) =>
      expiry === undefined ? [] : [{ collection: name, field: expiry }],
    );
    expect(ttl).toEqual(declared);
  });
});
