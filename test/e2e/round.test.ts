import { renderSteps, tally } from '@keyserver/demo';
import { describeFullRound } from '../support/full-round.ts';
import { type PlayedRound, tamper } from '../support/round.ts';

// On the stand-ins for Google Cloud a round is played by round.slow.test.ts: what judges it knows nothing of platforms.
const played = describeFullRound('local');
const firstOf = (id: string): string => played.archivesOf(id)[0]!;
const lastOf = (id: string): string => played.archivesOf(id).at(-1)!;
let round: PlayedRound;
beforeAll(() => {
  round = played.round();
});
const brokenChecks = async (): Promise<readonly string[]> =>
  (await round.broken()).map(({ what }) => what);

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
    ['an archive cut short', firstOf, (zip: Buffer) => zip.subarray(0, -100), [ACCEPTED, UPLOADED]],
    ['an archive that is gone', lastOf, () => undefined, [ACCEPTED, SIGNATURES, UPLOADED, CHANGED]],
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
    ['no index', () => 'v1/index.txt', () => undefined, [UPLOADED, 'broken indexes and key lists']],
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

it('a round whose files are as they were again reports nothing', async () => {
  expect(await brokenChecks()).toEqual([]);
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
