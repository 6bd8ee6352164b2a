import { HOUR, unixMillis } from '@keyserver/time';
import type { ExportConfig } from './export-config.ts';
import { paddingMinimum, sharesKeys, turnOf } from './turn.ts';

const anExport = (overrides: Partial<ExportConfig> = {}): ExportConfig => ({
  id: 'us',
  bucket: 'exports',
  filenameRoot: 'us',
  period: HOUR,
  outputRegion: 'US',
  inputRegions: [],
  excludeRegions: [],
  includeTravelers: false,
  onlyNonTravelers: false,
  from: unixMillis(0),
  thru: undefined,
  signingKeys: [],
  minRecords: 10,
  paddingRange: 0,
  maxRecords: 1000,
  ...overrides,
});

const span = (start: number, end: number) => ({
  start: unixMillis(start * HOUR),
  end: unixMillis(end * HOUR),
});

describe('turnOf', () => {
  const us = anExport();

  it.each([
    ['earlier ends first', turnOf(us, span(8, 9)), turnOf(us, span(1, 10))],
    ['hours past a power of ten last', turnOf(us, span(98, 99)), turnOf(us, span(99, 100))],
    [
      'short batches before those that hold them',
      turnOf(us, span(11, 12)),
      turnOf(us, span(8, 12)),
    ],
    [
      'residents before everybody',
      turnOf(anExport({ id: 'z', onlyNonTravelers: true }), span(1, 2)),
      turnOf(us, span(1, 2)),
    ],
    [
      'everybody of a region before travelers of all',
      turnOf(anExport({ id: 'z', inputRegions: ['US', 'CA'] }), span(1, 2)),
      turnOf(anExport({ id: 'a', includeTravelers: true }), span(1, 2)),
    ],
    [
      'few regions before many',
      turnOf(anExport({ id: 'z' }), span(1, 2)),
      turnOf(anExport({ id: 'a', inputRegions: ['CA', 'US'] }), span(1, 2)),
    ],
    [
      'many exclusions before few',
      turnOf(anExport({ id: 'z', excludeRegions: ['CA'] }), span(1, 2)),
      turnOf(us, span(1, 2)),
    ],
  ])('takes %s', (_order, first, second) => {
    expect(first < second).toBe(true);
  });

  it('gives no two exports the same turn', () => {
    expect(turnOf(us, span(1, 2))).not.toBe(turnOf(anExport({ id: 'us2' }), span(1, 2)));
  });
});

describe('sharesKeys', () => {
  const travelers = anExport({ outputRegion: 'CA', includeTravelers: true });

  it('finds a common region among many', () => {
    const north = anExport({ inputRegions: ['CA', 'US'] });
    expect(sharesKeys(north, anExport({ inputRegions: ['MX', 'CA'] }))).toBe(true);
  });

  it('finds none between exports of different regions', () => {
    expect(sharesKeys(anExport(), anExport({ outputRegion: 'CA' }))).toBe(false);
  });

  it('finds the travelers of a region in the export of another, from either side', () => {
    expect(sharesKeys(anExport(), travelers)).toBe(true);
    expect(sharesKeys(travelers, anExport())).toBe(true);
  });

  it('finds no traveler in an export of residents only', () => {
    const residents = anExport({ onlyNonTravelers: true });
    expect(sharesKeys(residents, travelers)).toBe(false);
    expect(sharesKeys(travelers, residents)).toBe(false);
  });
});

describe('paddingMinimum', () => {
  const [us, both, ca, mx] = [
    anExport({ id: 'us', minRecords: 10 }),
    anExport({ id: 'both', inputRegions: ['US', 'CA'], minRecords: 20 }),
    anExport({ id: 'ca', outputRegion: 'CA', minRecords: 500 }),
    anExport({ id: 'mx', outputRegion: 'MX', minRecords: 9000 }),
  ];

  it('is the minimum of an export that shares with none', () => {
    expect(paddingMinimum(us, [mx])).toBe(10);
  });

  it('is the largest minimum of those that share a region', () => {
    expect(paddingMinimum(us, [us, both, mx])).toBe(20);
  });

  it('reaches through exports that share with both sides', () => {
    expect(paddingMinimum(us, [ca, both, mx])).toBe(500);
  });

  it('reaches everybody through travelers', () => {
    const all = anExport({ id: 'all', outputRegion: 'ZZ', includeTravelers: true, minRecords: 1 });
    expect(paddingMinimum(us, [ca, mx, all])).toBe(9000);
  });
});
