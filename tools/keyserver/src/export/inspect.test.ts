import { anArchive } from '../testing/archives.ts';
import { aFileWith, keyserver } from '../testing/run-cli.ts';

describe('export inspect', () => {
  it('shows header, signatures, report types and the days that keys start on', async () => {
    const { code, out } = await keyserver([
      ...['export', 'inspect'],
      aFileWith('one.zip', await anArchive({ keys: 4 })),
    ]);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'region       US',
      'window       2024-05-20T08:00:00Z to 2024-05-20T12:00:00Z',
      expect.stringMatching(/^export\.bin {3}\d+ bytes, sha256 [0-9a-f]{64}$/),
      'signed by    key 310, version v1, algorithm 1.2.840.10045.4.3.2',
      '',
      'REPORT TYPE                   KEYS  REVISED',
      'confirmed_clinical_diagnosis  2     0',
      'confirmed_test                2     0',
      'total                         4     0',
      '',
      'FIRST DAY   KEYS',
      `2024-05-16  1     ${'#'.repeat(20)}`,
      `2024-05-17  1     ${'#'.repeat(20)}`,
      `2024-05-18  2     ${'#'.repeat(40)}`,
      '',
    ]);
  });

  it('gives the same figures as JSON', async () => {
    const file = aFileWith('two.zip', await anArchive({ keys: 1 }));
    const { out } = await keyserver(['export', 'inspect', file, '--json']);
    expect(JSON.parse(out)).toMatchObject({ region: 'US', keys: { CONFIRMED_TEST: 1 } });
  });

  it('says why it cannot read a file', async () => {
    const ran = await keyserver(['export', 'inspect', aFileWith('junk.zip', 'junk')]);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toMatch(/^keyserver: .* cannot be read: the file is not a zip[^\n]*\n$/);
  });
});
