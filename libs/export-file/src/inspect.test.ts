import { createHash } from 'node:crypto';
import { intervalNumber } from '@keyserver/time';
import { inspectExport } from './inspect.ts';
import { END, START, archiveOf, listed, someBin } from './testing/archives.ts';
import { aKey } from './testing/builders.ts';
import { lengthField, varintField } from './wire-format.ts';

const on = (day: number) => ({ start: intervalNumber(START / 600 - 144 * day) });

it('sums an archive up', async () => {
  const bin = someBin({
    keys: listed([
      aKey(1, on(2)),
      aKey(2, { ...on(2), reportType: 'likely' }),
      aKey(3, { ...on(1), reportType: '' }),
    ]),
    revisedKeys: listed([aKey(4, { ...on(9), reportType: 'negative' })]),
  });
  const { faults, summary } = await inspectExport(await archiveOf(bin));
  expect(faults).toEqual([]);
  expect(summary).toEqual({
    digest: createHash('sha256').update(bin).digest('hex'),
    bytes: bin.length,
    start: START,
    end: END,
    region: 'US',
    signers: [{ keyId: '310', keyVersion: 'v1', algorithm: '1.2.840.10045.4.3.2' }],
    keys: { CONFIRMED_TEST: 1, CONFIRMED_CLINICAL_DIAGNOSIS: 1, unstated: 1 },
    revisedKeys: { REVOKED: 1 },
    startDays: [
      { day: '2020-05-13', keys: 0, revisedKeys: 1 },
      { day: '2020-05-20', keys: 2, revisedKeys: 0 },
      { day: '2020-05-21', keys: 1, revisedKeys: 0 },
    ],
  });
});

it('counts keys of report types that nobody knows yet as unstated', async () => {
  const bin = Buffer.concat([someBin(), lengthField(7, varintField(5, 9)), lengthField(7)]);
  const { summary } = await inspectExport(await archiveOf(bin));
  expect(summary).toMatchObject({
    keys: { unstated: 2 },
    startDays: [{ day: '1970-01-01', keys: 2, revisedKeys: 0 }],
  });
});

it.each([
  ['no zip', async () => await Promise.resolve(Buffer.from('x')), 'archive_unreadable'],
  ['no export', async () => await archiveOf(Buffer.from('x')), 'bad_header'],
])('says why it cannot sum up %s', async (_, zip, rule) => {
  const { faults, summary } = await inspectExport(await zip());
  expect(summary).toBeUndefined();
  expect(faults[0]).toMatchObject({ rule });
});
