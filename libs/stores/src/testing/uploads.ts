import {
  type ExposureKey,
  type KeyBatch,
  type Upload,
  keyHex,
  packRecords,
  unpackRecords,
} from '@keyserver/exposure-keys';
import {
  DAY,
  HOUR,
  INTERVAL,
  type UnixMillis,
  type WindowCalendar,
  intervalAt,
  intervalNumber,
  systemClock,
  unixMillis,
  alwaysWindow,
  windowLength,
} from '@keyserver/time';
import type { DocumentStore } from '@keyserver/docstore';
import { keyHasher } from '../key-batch-document.ts';
import { readKeyBatches } from '../key-reader.ts';
import type { UploadStoreSettings } from '../key-store.ts';
import { skippedCountsId } from '../total-deltas.ts';

/** 2026-01-15, noon. Tests only. */
export const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));

/** Hourly windows, kept for two weeks. Tests only. */
export const SETTINGS: UploadStoreSettings & { readonly windows: () => WindowCalendar } = {
  windows: () => alwaysWindow(windowLength(HOUR)!),
  retention: 14 * DAY,
  maxKeyAge: 15 * DAY,
  hashKey: keyHasher(Buffer.alloc(32, 1)),
  skippedCountsId: skippedCountsId(Buffer.alloc(32, 1)),
  partialRevisions: false,
  clock: systemClock,
};

/** A key whose bytes tell its number; of the whole day that ends at 2026-01-15T00:00Z unless told otherwise. Tests only. */
export function aKey(n: number, overrides: Partial<ExposureKey> = {}): ExposureKey {
  const data = Buffer.alloc(16, 0xab);
  data.writeUInt32BE(n);
  return {
    data,
    start: intervalNumber(intervalAt(NOON) - 144 - 72),
    period: 144,
    risk: 2,
    reportType: 'confirmed',
    onsetDays: -1,
    ...overrides,
  };
}

/** A key that ends at an instant, which must be a multiple of ten minutes. Tests only. */
export const aKeyUntil = (n: number, end: UnixMillis): ExposureKey =>
  aKey(n, { start: intervalNumber(end / INTERVAL - 6), period: 6 });

/** An upload of one authority's application. Tests only. */
export const anUpload = (
  keys: readonly ExposureKey[],
  overrides: Partial<Omit<Upload, 'keys'>> = {},
): Upload => ({
  keys,
  regions: ['US', 'CA'],
  traveler: false,
  app: 'gov.example.doh',
  authority: { id: 7, name: 'Department of Health' },
  token: 'none',
  bypassToken: false,
  statistics: { platform: 'android', oldestKeyDays: 2, onsetDays: 3 },
  ...overrides,
});

/** Packed records of keys in the order given. Tests only. */
export const recordsOf = (...keys: readonly ExposureKey[]): Uint8Array => packRecords(keys);

/** Every key batch of a span, through the reader that exports use. Tests only. */
export async function batchesIn(
  store: DocumentStore,
  from: number,
  until: number,
): Promise<readonly KeyBatch[]> {
  const found: KeyBatch[] = [];
  const read = readKeyBatches(store, SETTINGS);
  for await (const page of read({ from: unixMillis(from), until: unixMillis(until) }))
    found.push(...page);
  return found;
}

/** The keys of batches in hex, sorted. Tests only. */
export const keysOf = (batches: readonly KeyBatch[]): readonly string[] =>
  batches.flatMap(({ records }) => unpackRecords(records).map(({ data }) => keyHex(data))).sort();
