import type { ExportConfig, SigningKey } from '@keyserver/export-file';
import { DAY, unixMillis } from '@keyserver/time';
import { anExport } from './testing/export-world.ts';
import { inUse } from './in-use.ts';

const NOW = unixMillis(Date.UTC(2026, 0, 15));
const key = (id: string, of: Partial<SigningKey> = {}): SigningKey => ({
  ...{ id, signingKey: `key-of-${id}`, keyId: '310', keyVersion: 'v1' },
  ...{ from: unixMillis(0), thru: undefined, ...of },
});

const KEYS = [
  key('now'),
  key('later', { from: unixMillis(NOW + DAY) }),
  key('ended', { thru: NOW }),
  key('same', { signingKey: 'key-of-now' }),
];

const used = async (...exports: readonly Partial<ExportConfig>[]) =>
  await inUse(
    {
      listExports: async () => await Promise.resolve(exports.map((of) => anExport(of))),
      findSigningKeys: async (ids) =>
        await Promise.resolve(KEYS.filter(({ id }) => ids.includes(id))),
    },
    NOW,
  );

describe('what exports need of the platform', () => {
  it('is each bucket and each key that signs now, once', async () => {
    expect(
      await used(
        { bucket: 'one', signingKeys: ['now', 'later', 'ended', 'same'] },
        { bucket: 'one', signingKeys: ['now'] },
        { bucket: 'two', signingKeys: [] },
      ),
    ).toEqual({
      signing: ['key-of-now'],
      signingOf: [['key-of-now', 'key-of-now'], ['key-of-now']],
      buckets: ['one', 'two'],
    });
  });

  it('is nothing for an export that has ended', async () => {
    expect(await used({ thru: NOW, bucket: 'one', signingKeys: ['now'] })).toEqual({
      signing: [],
      signingOf: [],
      buckets: [],
    });
  });

  it('is nothing before anything is configured', async () => {
    expect(await used()).toEqual({ signing: [], signingOf: [], buckets: [] });
  });
});
