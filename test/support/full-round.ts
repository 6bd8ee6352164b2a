import { type PlatformName, cellsIn, holds, renderFiles } from '@keyserver/demo';
import { type PlayedRound, playSmallRound } from './round.ts';

const PHONES = 24;
const PATIENCE = 180_000;

/** A round that was played for the tests of a file, and the archives of its series. */
export interface SharedRound {
  readonly round: () => PlayedRound;
  readonly archivesOf: (series: string) => readonly string[];
}

/** Plays a round on a platform before the tests of a file, and tests what every round must have. */
export function describeFullRound(platform: PlatformName): SharedRound {
  let round: PlayedRound;
  const archivesOf = (id: string): readonly string[] =>
    round.series.flatMap((one) =>
      one.export.id === id ? one.archives.map(({ name }) => name) : [],
    );

  beforeAll(async () => {
    round = await playSmallRound(PHONES, platform);
  }, PATIENCE);

  afterAll(async () => {
    await round.close();
  });

  describe(`a full round on ${platform}`, () => {
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

  return { round: () => round, archivesOf };
}
