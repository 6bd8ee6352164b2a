import type { FetchRequest } from './fetch-request.ts';
import type { Grant } from './partner.ts';
import { type KeyGroup, readingOf } from './reading.ts';
import { aGrant } from './testing/a-partner.ts';

const group = (change: Partial<KeyGroup> = {}): KeyGroup => ({
  ...{ regions: ['US'], traveler: false, isLocal: true, authorityName: '' },
  ...change,
});
const asking = (change: Partial<FetchRequest> = {}) => ({
  ...{ includeRegions: [], excludeRegions: [], onlyTravelers: false, onlyLocalProvenance: false },
  ...change,
});
const gives = (
  group_: Partial<KeyGroup>,
  {
    grants = [aGrant()],
    wish = {},
  }: {
    readonly grants?: readonly [Grant, ...Grant[]];
    readonly wish?: Partial<FetchRequest>;
  } = {},
): boolean => readingOf(grants, asking(wish)).takes(group(group_));

it('gives what is granted when nothing is wished', () => {
  expect(gives({})).toBe(true);
  expect(gives({ regions: ['US', 'CA'] })).toBe(true);
});

describe('nothing is given', () => {
  it.each([
    ['of a region that is not granted', { regions: ['CA'] }, {}],
    ['by a grant of no region', {}, { grants: [aGrant({ includeRegions: [] })] }],
    [
      'of travelers by a grant of no region',
      { traveler: true },
      { grants: [aGrant({ includeRegions: [], includeTravelers: true })] },
    ],
    ['to a wish for a region that is not granted', {}, { wish: { includeRegions: ['CA'] } }],
    [
      'to such a wish, of travelers either',
      { traveler: true },
      { grants: [aGrant({ includeTravelers: true })], wish: { includeRegions: ['CA'] } },
    ],
    [
      'of a key that has an excluded region besides',
      { regions: ['US', 'TEST'] },
      { grants: [aGrant({ excludeRegions: ['TEST'] })] },
    ],
    [
      'of a traveler with an excluded region',
      { regions: ['TEST'], traveler: true },
      { grants: [aGrant({ excludeRegions: ['TEST'], includeTravelers: true })] },
    ],
    [
      'of a region that the wish excludes',
      { regions: ['US', 'CA'] },
      { wish: { excludeRegions: ['CA'] } },
    ],
    ['of travelers where they are not granted', { regions: ['CA'], traveler: true }, {}],
    ['of people at home to a wish for travelers', {}, { wish: { onlyTravelers: true } }],
    [
      'that came from elsewhere to a wish for keys from here',
      { isLocal: false },
      { wish: { onlyLocalProvenance: true } },
    ],
    [
      'that came from elsewhere by a grant of keys from here',
      { isLocal: false },
      { grants: [aGrant({ onlyLocalProvenance: true })] },
    ],
    [
      'that the grant of the day allowed and the one in force does not',
      { regions: ['CA'] },
      { grants: [aGrant({ includeRegions: ['US', 'CA'] }), aGrant()] },
    ],
    [
      'that the grant in force allows and the one of the day did not: it does not reach back',
      { regions: ['CA'] },
      { grants: [aGrant(), aGrant({ includeRegions: ['US', 'CA'] })] },
    ],
    [
      'by grants that have no region in common',
      {},
      { grants: [aGrant(), aGrant({ includeRegions: ['CA'] })] },
    ],
    [
      'of travelers that only one of two grants allows',
      { regions: ['CA'], traveler: true },
      { grants: [aGrant({ includeTravelers: true }), aGrant()] },
    ],
  ] as const)('%s', (_what, group_, how) => {
    expect(gives(group_, how)).toBe(false);
  });
});

it('gives travelers of any region where they are granted, without regions that are not', () => {
  const reading = readingOf([aGrant({ includeTravelers: true })], asking());
  expect(reading.takes(group({ regions: ['CA'], traveler: true }))).toBe(true);
  expect(reading.shows(['CA'])).toEqual([]);
});

it('shows of the regions of a key those that are granted and wished', () => {
  const grants = [aGrant({ includeRegions: ['US', 'CA', 'MX'] })] as const;
  expect(readingOf(grants, asking()).shows(['CA', 'DE', 'US'])).toEqual(['CA', 'US']);
  expect(readingOf(grants, asking({ includeRegions: ['US'] })).shows(['CA', 'US'])).toEqual(['US']);
});

it('says that it is empty when no key could be given', () => {
  expect(readingOf([aGrant()], asking({ includeRegions: ['CA'] })).isEmpty).toBe(true);
  expect(readingOf([aGrant()], asking({ includeRegions: ['CA', 'US'] })).isEmpty).toBe(false);
});
