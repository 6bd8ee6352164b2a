import type { ExportBatch } from '@keyserver/export-file';
import { HOUR, unixMillis } from '@keyserver/time';
import { listingOf } from './export-index.ts';

const batch = (hour: number, state: ExportBatch['state'] = 'complete') => ({
  start: unixMillis(hour * HOUR),
  end: unixMillis((hour + 1) * HOUR),
  state,
});
const open: ExportBatch = {
  ...batch(5, 'open'),
  ...{ id: 'us-5-6', attempt: 0, fence: 0, leaseExpires: unixMillis(0) },
  ...{ frozen: undefined, files: [] },
  config: {
    ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
    ...{ inputRegions: [], excludeRegions: [], includeTravelers: true, onlyNonTravelers: false },
    ...{ from: unixMillis(0), thru: undefined, signingKeys: [], minRecords: 1 },
    ...{ paddingRange: 0, maxRecords: 1, padEmpty: false },
  },
};
const LONG_AGO = unixMillis(0);

describe('what an index may name', () => {
  it('is in the order of the ends, whatever order it was found in', () => {
    const found = [batch(3), batch(1), batch(2)];
    const listing = listingOf(found, { open: undefined, coveredUntil: 9 * HOUR }, LONG_AGO);
    expect(listing.batches).toEqual([batch(1), batch(2), batch(3)]);
  });

  it('ends before the oldest open batch, and says whether that holds others back', () => {
    const reached = { open, coveredUntil: 9 * HOUR };
    const same = { ...batch(5), start: unixMillis(4 * HOUR) };
    const listing = listingOf([batch(4), same, batch(6, 'stored')], reached, LONG_AGO);
    expect(listing).toEqual({ batches: [batch(4)], expired: [], heldBackBy: open });
    expect(listingOf([batch(4, 'stored')], reached, LONG_AGO).heldBackBy).toBeUndefined();
    const alongside = { ...same, state: 'stored' as const };
    expect(listingOf([alongside], reached, LONG_AGO).heldBackBy).toBeUndefined();
  });

  it('ends with the last batch that is cut', () => {
    const reached = { open: undefined, coveredUntil: 6 * HOUR };
    expect(listingOf([batch(5), batch(6)], reached, LONG_AGO).batches).toEqual([batch(5)]);
  });

  it('begins after the time since which files are kept; what is stored from before has expired', () => {
    const since = unixMillis(4 * HOUR);
    const found = [batch(3), batch(4, 'stored'), batch(5)];
    const listing = listingOf(found, { open: undefined, coveredUntil: 9 * HOUR }, since);
    expect(listing).toMatchObject({ batches: [batch(5)], expired: [batch(4, 'stored')] });
  });
});
