import { readKeys } from './read-export.ts';
import { archiveOf, listed, someBin } from './testing/archives.ts';
import { aKey } from './testing/builders.ts';

it('lists keys and revised keys apart, as the archive states them', async () => {
  const bin = someBin({
    keys: listed([aKey(1, { onsetDays: -2 }), aKey(2, { reportType: '', period: 12, risk: 0 })]),
    revisedKeys: listed([aKey(3, { reportType: 'negative' })]),
  });
  expect(await readKeys(await archiveOf(bin))).toMatchObject({
    keys: [
      { start: 2_650_032, period: 144, risk: 4, reportType: 1, onsetDays: -2 },
      { start: 2_650_032, period: 12, risk: 0, reportType: undefined, onsetDays: undefined },
    ],
    revisedKeys: [{ data: Buffer.alloc(16, 3), reportType: 5 }],
  });
});

it.each([
  ['no zip', async () => await Promise.resolve(Buffer.from('x'))],
  ['a zip of something else', async () => await archiveOf(Buffer.from('x'))],
])('lists nothing of %s', async (_, zip) => {
  expect(await readKeys(await zip())).toBeUndefined();
});
