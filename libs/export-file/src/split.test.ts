import fc from 'fast-check';
import { splitIntoFiles } from './split.ts';

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
