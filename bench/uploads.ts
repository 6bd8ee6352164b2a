import type { DocumentStore } from '@keyserver/docstore';
import type { ExposureKey, Upload } from '@keyserver/exposure-keys';
import { systemRandom } from '@keyserver/random';
import {
  type UploadStoreSettings,
  keyHasher,
  skippedCountsId,
  storeUploads,
} from '@keyserver/stores';
import {
  DAY,
  HOUR,
  INTERVALS_PER_DAY,
  alwaysWindow,
  intervalNumber,
  systemClock,
  windowLength,
} from '@keyserver/time';

/** Keys of one upload: what a phone has of the last two weeks. */
export const KEYS_PER_UPLOAD = 14;

/** A key store with windows of an hour, as a server has it unless told otherwise, over keys hashed with this secret. */
export function keyStoreSettings(secret: Uint8Array): UploadStoreSettings {
  const window = windowLength(HOUR);
  if (window === undefined) throw new Error('an hour is a window');
  return {
    windows: () => alwaysWindow(window),
    retention: 14 * DAY,
    maxKeyAge: 15 * DAY,
    hashKey: keyHasher(secret),
    skippedCountsId: skippedCountsId(secret),
    partialRevisions: false,
    clock: systemClock,
  };
}

/** Stores an upload of new keys at each call; the first of them starts at the interval `firstStart`, each other a day later. */
export function storeOneUpload(
  store: DocumentStore,
  settings: UploadStoreSettings,
  firstStart: number,
): () => Promise<void> {
  const upload = storeUploads(store, settings, systemRandom);
  return async () => {
    const outcome = await upload(randomUpload(firstStart));
    if (outcome.kind !== 'stored' || outcome.inserted !== KEYS_PER_UPLOAD)
      throw new Error('an upload was not stored');
  };
}

/** Does `work` so many times, by so many callers of whom each waits for its own. */
export async function concurrently(
  callers: number,
  count: number,
  work: () => Promise<void>,
): Promise<void> {
  let left = count;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

/** An upload of new keys; the first of them starts at this interval, each other a day later. */
export function randomUpload(firstStart: number): Upload {
  const data = systemRandom.bytes(16 * KEYS_PER_UPLOAD);
  const keys = Array.from({ length: KEYS_PER_UPLOAD }, (_, n): ExposureKey => ({
    data: data.subarray(16 * n, 16 * n + 16),
    start: intervalNumber(firstStart + INTERVALS_PER_DAY * n),
    period: INTERVALS_PER_DAY,
    risk: 2,
    reportType: 'confirmed',
    onsetDays: n - 10,
  }));
  return {
    keys,
    regions: ['US'],
    traveler: false,
    app: 'org.example.app',
    authority: { id: 1, name: 'Example Health' },
    token: 'none',
    bypassToken: false,
    statistics: { platform: 'android', oldestKeyDays: 14, onsetDays: 10 },
  };
}
