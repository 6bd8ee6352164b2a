import fc from 'fast-check';
import { unpackRecords } from '@keyserver/exposure-keys';
import { SECOND, unixMillis } from '@keyserver/time';
import { type FilePlan, cutFiles, splitIntoFiles } from './cut-files.ts';
import type { OrderedRecords } from './encode.ts';
import { KeySelection } from './select.ts';
import { aKey, aKeyBatch, gather, someRules } from './testing/builders.ts';

const plan = (maxRecords: number): FilePlan => ({
  start: unixMillis(1_609_560_000_000),
  end: unixMillis(1_609_574_400_000),
  region: 'US',
  signers: [{ keyId: '310', keyVersion: 'v1' }],
  maxRecords,
});
const END = plan(1).end / SECOND;

function selection(keys: number, revisions: number): KeySelection {
  const selected = new KeySelection(someRules());
  selected.add(aKeyBatch(Array.from({ length: keys }, (_, n) => aKey(9 - n))));
  const revised = Array.from({ length: revisions }, (_, n) => aKey(n));
  selected.add(aKeyBatch(revised, { kind: 'revision' }));
  return selected;
}
const numbered = (n: number): Uint8Array => {
  const data = Buffer.alloc(16);
  data.writeUInt32BE(n);
  return data;
};
const firstBytes = ({ records, order }: OrderedRecords): unknown =>
  unpackRecords(gather(records, order)).map(({ data }) => data[0]);

it('makes no file without keys', () => {
  expect(cutFiles(selection(0, 0), plan(5))).toEqual([]);
});

it('ends a single file with its batch', () => {
  const files = cutFiles(selection(3, 1), plan(5));
  expect(files).toHaveLength(1);
  expect(files[0]).toMatchObject({ start: 1_609_560_000, end: END, region: 'US' });
  expect(files.map(({ keys, revisedKeys }) => [firstBytes(keys), firstBytes(revisedKeys)])).toEqual(
    [[[7, 8, 9], [0]]],
  );
});

it('cuts a batch into at most 600 files, however few keys a file is to hold', () => {
  const many = new KeySelection(someRules());
  const keys = Array.from({ length: 601 }, (_, n) => aKey(0, { data: numbered(n) }));
  many.add(aKeyBatch(keys));
  const files = cutFiles(many, plan(1));
  expect(files).toHaveLength(301);
  expect(files.reduce((sum, { keys: { order } }) => sum + order.length, 0)).toBe(601);
  expect(Math.max(...files.map(({ end }) => end))).toBeLessThanOrEqual(END + 600);
});

it('ends each of several files at a second of its own, from one on', () => {
  const files = cutFiles(selection(3, 2), plan(2));
  expect(files.map(({ start, end }) => [start, end])).toEqual(
    [1, 2, 3].map((n) => [1_609_560_000, END + n]),
  );
  expect(files.map(({ keys, revisedKeys }) => [firstBytes(keys), firstBytes(revisedKeys)])).toEqual(
    [
      [[7, 8], []],
      [[9], [0]],
      [[], [1]],
    ],
  );
});

it.each([
  { what: 'nothing into no file', of: [0, 0, 5], files: [] },
  { what: 'few keys into one file', of: [3, 1, 5], files: ['3+1'] },
  { what: 'a full file without an empty one after it', of: [5, 0, 5], files: ['5+0'] },
  { what: 'revisions after keys, topping up', of: [7, 6, 5], files: ['5+0', '2+3', '0+3'] },
  { what: 'revisions alone', of: [0, 6, 5], files: ['0+5', '0+1'] },
  { what: 'keys one by one', of: [2, 1, 1], files: ['1+0', '1+0', '0+1'] },
])('splits $what', ({ of: [keys = 0, revisions = 0, max = 0], files }) => {
  const sizes = splitIntoFiles(keys, revisions, max).map(
    (share) => `${share.keys[1] - share.keys[0]}+${share.revisions[1] - share.revisions[0]}`,
  );
  expect(sizes).toEqual(files);
});

it.each([0, -1, 1.5, NaN])('refuses files of %d keys', (max) => {
  expect(() => splitIntoFiles(1, 0, max)).toThrow(RangeError);
});

it('puts every record into exactly one file, and no file is empty or too large', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), fc.integer({ min: 1, max: 20 }), (keys, revisions, max) => {
      let [key, revision] = [0, 0];
      for (const share of splitIntoFiles(keys, revisions, max)) {
        expect([share.keys[0], share.revisions[0]]).toEqual([key, revision]);
        const size = share.keys[1] - key + share.revisions[1] - revision;
        expect(size >= 1 && size <= max).toBe(true);
        [key, revision] = [share.keys[1], share.revisions[1]];
      }
      expect([key, revision]).toEqual([keys, revisions]);
    }),
  );
});
