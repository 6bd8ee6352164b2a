import {
  type ExposureKey,
  type KeyBatch,
  RECORD_BYTES,
  packRecords,
} from '@keyserver/exposure-keys';
import { intervalNumber, unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import type { SelectionRules } from '../select.ts';

/** A key that differs from others by its number alone. */
export const aKey = (n: number, overrides: Partial<ExposureKey> = {}): ExposureKey => ({
  data: Buffer.alloc(16, n),
  start: intervalNumber(2_650_032),
  period: 144,
  risk: 4,
  reportType: 'confirmed',
  onsetDays: undefined,
  ...overrides,
});

/** A stored document of local keys for one region. */
export const aKeyBatch = (
  keys: readonly ExposureKey[],
  overrides: Partial<KeyBatch> = {},
): KeyBatch => ({
  id: 'document',
  window: unixMillis(1_590_159_600_000),
  kind: 'primary',
  origin: 'local',
  sourceId: '',
  regions: ['US'],
  traveler: false,
  app: 'app',
  records: packRecords(keys),
  ...overrides,
});

/** An export of one region without travelers from elsewhere. */
export const someRules = (overrides: Partial<SelectionRules> = {}): SelectionRules => ({
  outputRegion: 'US',
  inputRegions: [],
  excludeRegions: [],
  includeTravelers: false,
  onlyNonTravelers: false,
  ...overrides,
});

/** Any key that may be stored; few values, so that keys collide and metadata tie. */
export const anyKey: fc.Arbitrary<ExposureKey> = fc.record({
  data: fc.oneof(
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.uint8Array({ minLength: 1, maxLength: 1, max: 3 }).map((end) => {
      const data = Buffer.alloc(16, 7);
      data.set(end, 15);
      return data;
    }),
  ),
  start: fc
    .oneof(fc.constantFrom(0, 127, 128, 2_650_032, 2_650_033), fc.nat(0x7fffffff))
    .map(intervalNumber),
  period: fc.oneof(fc.constantFrom(1, 143, 144), fc.integer({ min: 1, max: 144 })),
  risk: fc.integer({ min: 0, max: 8 }),
  reportType: fc.constantFrom('', 'confirmed', 'likely', 'user-report', 'negative'),
  onsetDays: fc.option(fc.integer({ min: -14, max: 14 }), { nil: undefined }),
});

/** The packed records of the numbers given, one after another. */
export const gather = (records: Uint8Array, order: Iterable<number>): Buffer =>
  Buffer.concat(
    Array.from(order, (n) => records.subarray(n * RECORD_BYTES, (n + 1) * RECORD_BYTES)),
  );
