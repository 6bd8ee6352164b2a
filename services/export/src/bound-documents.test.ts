import type { PaddingDocument } from '@keyserver/export-file';
import { RECORD_BYTES } from '@keyserver/exposure-keys';
import { unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { boundDocuments } from './bound-documents.ts';

let made = 0;
function aDocument(keys: number, region: string): PaddingDocument {
  const records = Buffer.alloc(keys * RECORD_BYTES);
  for (let n = 0; n < keys; n++) records.writeUInt32BE((made++ * 7919) % 65_521, n * RECORD_BYTES);
  return { window: unixMillis(0), regions: [region], traveler: false, records };
}

const recordsOf = (documents: readonly PaddingDocument[]): readonly string[] =>
  documents.flatMap(({ records }) =>
    Array.from({ length: records.length / RECORD_BYTES }, (_, n) =>
      Buffer.from(records.subarray(n * RECORD_BYTES, (n + 1) * RECORD_BYTES)).toString('hex'),
    ),
  );

describe('boundDocuments', () => {
  it('leaves documents alone that fit', () => {
    const documents = [aDocument(3, 'US'), aDocument(1, 'CA')];
    expect(boundDocuments(documents, 2)).toBe(documents);
  });

  it('moves the keys of the rarest regions to the most common ones', () => {
    const documents = [aDocument(1, 'CA'), aDocument(5, 'US'), aDocument(2, 'MX')];
    const bound = boundDocuments(documents, 2);
    expect(bound.map(({ regions }) => regions)).toEqual([['US'], ['US']]);
    expect(recordsOf(bound).toSorted()).toEqual(recordsOf(documents).toSorted());
  });

  it('keeps every key, in sorted documents of at most 500, whatever it has to move', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 12 }), (keys, most) => {
        const documents = keys.map((count, n) => aDocument(count, `R${n}`));
        const needed = Math.max(1, Math.ceil(keys.reduce((sum, n) => sum + n, 0) / 500)) + 1;
        const bound = boundDocuments(documents, Math.max(most, needed));
        expect(recordsOf(bound).toSorted()).toEqual(recordsOf(documents).toSorted());
        expect(bound.length).toBeLessThanOrEqual(Math.max(most, needed));
        expect(Math.max(...bound.map(({ records }) => records.length))).toBeLessThanOrEqual(
          500 * RECORD_BYTES,
        );
      }),
    );
  });

  it('refuses more keys than one transaction can store', () => {
    const documents = Array.from({ length: 4 }, (_, n) => aDocument(500, `R${n}`));
    expect(() => boundDocuments(documents, 3)).toThrow(RangeError);
  });
});
