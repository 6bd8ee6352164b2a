import { PLATFORMS, cellsIn, holds, renderFiles, renderSteps, tally } from '@keyserver/demo';
import { type PlayedRound, playSmallRound, tamper } from '../support/round.ts';

const PHONES = 24;
const PATIENCE = 180_000;

let round: PlayedRound;

const archivesOf = (id: string): readonly string[] =>
  round.series.flatMap((one) => (one.export.id === id ? one.archives.map(({ name }) => name) : []));
const firstOf = (id: string): string => archivesOf(id)[0]!;
const lastOf = (id: string): string => archivesOf(id).at(-1)!;
const brokenChecks = async (): Promise<readonly string[]> =>
  (await round.broken()).map(({ what }) => what);

describe.each(PLATFORMS)('on %s', (platform) => {
  beforeAll(async () => {
    round = await playSmallRound(PHONES, platform);
  }, PATIENCE);

  afterAll(async () => {
    await round.close();
  });

  describe('a full round', () => {
    it('ends with every check holding', () => {
      const broken = round.steps.flatMap(({ checks }) => checks.filter((one) => !holds(one)));
      expect(broken).toEqual([]);
    });

    it('makes files of uploaded keys and generated ones in both series', () => {
      for (const id of ['v1', 'v2']) expect(archivesOf(id).length).toBeGreaterThan(1);
      const files = round.steps.find(({ title }) => title === 'Files when the last key has ended');
      const expected = new Map(files?.checks.map((one) => [one.what, one.expected]));
      expect(expected.get('uploaded keys, as they were sent')).toBeGreaterThan(PHONES);
      expect(expected.get('generated keys, in all files together')).toBeGreaterThan(100);
      expect(expected.get('valid signatures')).toBe(
        2 * archivesOf('v1').length + archivesOf('v2').length,
      );
    });

    it('says of each file how many of its keys were generated, and for whom', () => {
      const rows = renderFiles(round.series, round.ledger).split('\n').slice(1, -1);
      expect(rows).toHaveLength(archivesOf('v1').length + archivesOf('v2').length);
      for (const row of rows)
        expect(row).toMatch(
          /^ {2}v[12]\/\S+\.zip( +[\d,]+){2} {2}[\d,]+ uploaded here (alone|and in v[12]) \(\+ [\d,]+\)/u,
        );
      expect(rows.filter((row) => row.includes('here and in v2')).length).toBeGreaterThan(0);
    });

    it('has the same generated keys beside travelers in both series', () => {
      const shared = cellsIn(round.series, round.ledger).filter((one) => one.archives.length > 1);
      expect(shared.length).toBeGreaterThan(0);
      for (const { uploaded, generated } of shared) {
        expect(uploaded).toBeGreaterThan(0);
        expect(uploaded + generated).toBeGreaterThanOrEqual(100);
      }
    });

    it('has keys that waited for their end, and keys that are never published', () => {
      expect(round.waiting).toBeGreaterThan(0);
      expect(round.ledger.forbidden.size).toBeGreaterThan(20);
    });

    it('has keys of every report type, of every kind of onset, and of travelers', () => {
      const promised = [...round.ledger.promised.values()];
      expect(new Set(promised.map(({ reportType }) => reportType))).toEqual(new Set([1, 2, 3]));
      expect(new Set(promised.map(({ risk }) => risk)).size).toBeGreaterThan(4);
      expect(promised.filter(({ period }) => period < 144).length).toBeGreaterThan(0);
      expect(promised.filter(({ exports }) => exports.length === 2).length).toBeGreaterThan(0);
    });

    it('tells what it does', () => {
      expect(round.told).toContain(`16 of ${PHONES} phones have uploaded`);
      expect(round.told.at(-1)).toMatch(/^\d+ archives with [\d,]+ keys were downloaded$/u);
    });

    it('holds as well when everything is downloaded again', async () => {
      expect(await round.broken()).toEqual([]);
    });
  });

  // What judges a round knows nothing of platforms.
  if (platform === 'local') describeJudgement();
});

function describeJudgement(): void {
  describe('a round whose files were tampered with reports', () => {
    const flipped = (content: Buffer): Buffer => {
      content[Math.floor(content.length / 2)]! ^= 1;
      return content;
    };
    const index = (change: (lines: string[]) => readonly string[]) => (content: Buffer) =>
      Buffer.from(change(content.toString().split('\n')).join('\n'));
    const UPLOADED = 'uploaded keys, as they were sent';
    const GENERATED = 'generated keys, in all files together';
    const ACCEPTED = 'archives that phones accept';
    const SIGNATURES = 'valid signatures';
    const CHANGED = 'archives changed since first seen';

    it.each([
      ['an archive with one bit flipped', firstOf, flipped, [ACCEPTED, CHANGED]],
      [
        'an archive cut short',
        firstOf,
        (zip: Buffer) => zip.subarray(0, -100),
        [ACCEPTED, UPLOADED],
      ],
      [
        'an archive that is gone',
        lastOf,
        () => undefined,
        [ACCEPTED, SIGNATURES, UPLOADED, CHANGED],
      ],
      [
        'an index line too many',
        () => 'v1/index.txt',
        index((lines) => [...lines, 'v1/9-10-00001.zip']),
        [ACCEPTED, SIGNATURES],
      ],
      [
        'an index line of another series',
        () => 'v1/index.txt',
        index((lines) => [...lines, firstOf('v2')]),
        [ACCEPTED, SIGNATURES, 'keys in the files of another region'],
      ],
      [
        'an index line too few',
        () => 'v1/index.txt',
        index((lines) => lines.slice(1)),
        [UPLOADED, CHANGED],
      ],
      [
        'no index',
        () => 'v1/index.txt',
        () => undefined,
        [UPLOADED, 'broken indexes and key lists'],
      ],
      [
        'a page instead of an index',
        () => 'v1/index.txt',
        () => Buffer.from('<!doctype html>'),
        [UPLOADED, GENERATED, CHANGED, 'broken indexes and key lists'],
      ],
      ['no verification keys', () => 'v1/keys.json', () => undefined, [ACCEPTED, SIGNATURES]],
      [
        'verification keys of another version',
        () => 'v1/keys.json',
        (json: Buffer) => Buffer.from(json.toString().replaceAll(/"(first|second)"/gu, '"$1_old"')),
        [ACCEPTED, SIGNATURES],
      ],
    ])('%s', async (_, nameFor, change, expected) => {
      const restore = await tamper(round.bucket, nameFor('v1'), change);
      const broken = await brokenChecks();
      await restore();
      expect(broken).toEqual(expect.arrayContaining(expected));
      expect(await brokenChecks()).toEqual([]);
    });

    it('one archive in the place of another', async () => {
      const other = (await round.bucket.read(lastOf('v1')))!.content;
      const restore = await tamper(round.bucket, firstOf('v1'), () => other);
      const broken = await brokenChecks();
      await restore();
      expect(broken).toEqual(expect.arrayContaining([UPLOADED, 'keys listed twice', CHANGED]));
    });

    it('which archive phones would not take, and why', async () => {
      const restore = await tamper(round.bucket, lastOf('v2'), () => undefined);
      const broken = await round.broken();
      await restore();
      expect(broken.find(({ what }) => what === ACCEPTED)?.notes).toEqual([
        `${lastOf('v2')} is listed and not there`,
      ]);
    });
  });

  describe('a round that expected something else reports', () => {
    const aPublishedKey = () => [...round.ledger.promised].find(([, key]) => key.period === 144)!;

    it.each(['start', 'period', 'risk', 'reportType', 'onsetDays'] as const)(
      'a key with another %s',
      async (field) => {
        const [name, key] = aPublishedKey();
        round.ledger.promised.set(name, { ...key, [field]: key[field] - 1 });
        const broken = await brokenChecks();
        round.ledger.promised.set(name, key);
        expect(broken).toEqual([
          'uploaded keys, as they were sent',
          'uploaded keys with other values',
        ]);
      },
    );

    it('a key that should have been refused', async () => {
      const [name] = aPublishedKey();
      round.ledger.forbidden.add(name);
      const broken = await brokenChecks();
      round.ledger.forbidden.delete(name);
      expect(broken).toContain('keys of refused uploads');
    });

    it('a key that nobody uploaded', async () => {
      const [name, key] = aPublishedKey();
      round.ledger.promised.delete(name);
      const broken = await brokenChecks();
      round.ledger.promised.set(name, key);
      expect(broken).toEqual(['generated keys, in all files together']);
    });

    it('a key that is missing', async () => {
      const [, key] = aPublishedKey();
      round.ledger.promised.set('another', key);
      const broken = await brokenChecks();
      round.ledger.promised.delete('another');
      expect(broken).toEqual(['uploaded keys, as they were sent']);
    });

    it('keys that phones still use, seen from a time before their end', async () => {
      const { clock } = round.simulation;
      const now = clock.now();
      clock.advance(-24 * 3_600_000);
      const broken = await brokenChecks();
      clock.set(now);
      expect(broken).toContain('keys that phones still use');
    });
  });

  describe('the report of a round', () => {
    it('says of each check that it holds', () => {
      const { made, wrong } = tally(round.steps);
      const rows = renderSteps(round.steps).split('\n');
      expect(wrong).toBe(0);
      expect(made).toBeGreaterThan(20);
      expect(rows.filter((row) => row.endsWith('  ok'))).toHaveLength(made);
    });

    it('points out a check that does not hold, and shows the first of its notes', () => {
      const notes = Array.from({ length: 9 }, (_, n) => `note ${n}`);
      const steps = [
        { title: 'Files', checks: [{ what: 'archives', expected: 1200, found: 3, notes }] },
      ];
      expect(renderSteps(steps)).toBe(
        [
          '            expected     found',
          'Files',
          '  archives     1,200         3  WRONG',
          ...notes.slice(0, 5).map((note) => `    ${note}`),
          '',
        ].join('\n'),
      );
      expect(tally(steps)).toEqual({ made: 1, wrong: 1 });
    });
  });
}
