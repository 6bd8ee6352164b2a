import type { ExportConfig } from '@keyserver/export-file';
import { DAY, HOUR, MINUTE, unixMillis } from '@keyserver/time';
import { asItTakesEffect } from './effect.ts';
import { exportsInForce } from './plan.ts';

const MIDNIGHT = unixMillis(Date.UTC(2026, 0, 15));
const NOON = unixMillis(MIDNIGHT + 12 * HOUR);
const NEXT = unixMillis(MIDNIGHT + DAY);
const anExport = (fields: Partial<ExportConfig> = {}): ExportConfig => ({
  ...{ id: 'us', bucket: 'files', filenameRoot: 'us', outputRegion: 'US', inputRegions: [] },
  ...{ excludeRegions: [], includeTravelers: false, onlyNonTravelers: false, period: HOUR },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: [], minRecords: 0, paddingRange: 0 },
  ...{ maxRecords: 1000, padEmpty: false, ...fields },
});

describe('the exports of a plan', () => {
  it('have a period that divides the plan, or no batch of them would ever be due', () => {
    const versions = [{ from: unixMillis(0), config: anExport({ period: 100_000 }) }];
    const [planned] = exportsInForce(versions, NOON, MINUTE);
    expect(planned?.period).toBe(20_000);
    const [daily] = exportsInForce([{ from: unixMillis(0), config: anExport() }], MIDNIGHT, DAY);
    expect(daily?.period).toBe(HOUR);
  });
});

describe('an export that is ended', () => {
  const ended = (thru: number, midnight: typeof NEXT | undefined) =>
    asItTakesEffect(anExport({ thru: unixMillis(thru) }), anExport(), {
      ...{ span: DAY, midnight, now: NOON },
    }).thru;

  it.each([
    ['in the past', MIDNIGHT - DAY],
    ['now', NOON],
    ['later today', NOON + HOUR],
  ])('ends with the next midnight when it is to end %s', (_, thru) => {
    expect(ended(thru, NEXT)).toBe(NEXT);
  });

  it('ends with the midnight that is named when that comes later', () => {
    expect(ended(NEXT + DAY, NEXT)).toBe(NEXT + DAY);
  });

  it('ends whenever it is said while no day has a plan', () => {
    expect(ended(MIDNIGHT - DAY, undefined)).toBe(MIDNIGHT - DAY);
  });
});
