import { type DocumentOf, collection, int, optional, text } from '@keyserver/docstore';
import type { Upload } from '@keyserver/exposure-keys';
import { DAY, HOUR, type UnixMillis, floorTo } from '@keyserver/time';

const KEPT_DAYS = 30;

const fields = {
  hour: int(),
  authority: int(),
  platform: text<Upload['statistics']['platform']>(),
  keys: int(),
  oldestKeyDays: optional(int()),
  onsetDays: optional(int()),
  onsetMissing: int(),
  expireAt: int(),
};

/**
 * The counts of one upload, to be added to the totals of its authority and hour. One small document of its own per upload,
 * so that no counter is ever contended.
 */
export const totalDeltas = collection({
  name: 'totalDeltas',
  fields,
  expiry: 'expireAt',
});

/** What an upload adds to the totals; undefined when no authority verified it. `window` is the unembargoed one. */
export function totalDelta(
  upload: Upload,
  inserted: number,
  window: UnixMillis,
): DocumentOf<typeof fields> | undefined {
  if (upload.authority === undefined) return undefined;
  const hour = floorTo(window, HOUR);
  const { platform, oldestKeyDays, onsetDays } = upload.statistics;
  return {
    hour,
    authority: upload.authority.id,
    platform,
    keys: inserted,
    onsetMissing: onsetDays === 'missing' ? 1 : 0,
    expireAt: hour + KEPT_DAYS * DAY,
    ...(oldestKeyDays === undefined ? {} : { oldestKeyDays }),
    ...(typeof onsetDays === 'number' ? { onsetDays } : {}),
  };
}
