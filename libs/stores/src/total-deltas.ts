import { createHmac } from 'node:crypto';
import { type DocumentOf, collection, int, optional, text } from '@keyserver/docstore';
import type { Upload } from '@keyserver/exposure-keys';
import { DAY, HOUR, type UnixMillis, floorTo } from '@keyserver/time';

const KEPT_DAYS = 30;

const fields = {
  hour: int(),
  authority: int(),
  platform: text<Upload['statistics']['platform']>(),
  keys: int(),
  revisions: optional(int()),
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

/** The counts of one upload, as they are stored. */
export type TotalDelta = DocumentOf<typeof fields>;

/**
 * What an upload adds to the totals; undefined when no authority verified it. `window` is the unembargoed one. Of an upload
 * that revises keys, ages are not counted: they were when the keys came first.
 */
export function totalDelta(
  upload: Pick<Upload, 'authority' | 'statistics'>,
  {
    inserted,
    revised,
    window,
  }: { readonly inserted: number; readonly revised: number; readonly window: UnixMillis },
): TotalDelta | undefined {
  if (upload.authority === undefined) return undefined;
  const hour = floorTo(window, HOUR);
  const { platform } = upload.statistics;
  return {
    hour,
    authority: upload.authority.id,
    platform,
    keys: inserted + revised,
    expireAt: hour + KEPT_DAYS * DAY,
    ...(revised > 0 ? { revisions: 1, onsetMissing: 0 } : agesOf(upload.statistics)),
  };
}

function agesOf({
  oldestKeyDays,
  onsetDays,
}: Upload['statistics']): Pick<TotalDelta, 'onsetMissing' | 'oldestKeyDays' | 'onsetDays'> {
  return {
    onsetMissing: onsetDays === 'missing' ? 1 : 0,
    ...(oldestKeyDays === undefined ? {} : { oldestKeyDays }),
    ...(typeof onsetDays === 'number' ? { onsetDays } : {}),
  };
}

/** The id of the counts of an upload of which keys were left out as negative. `hour` is that of the counts. */
export type SkippedCountsId = (options: {
  readonly authority: number;
  readonly hour: number;
  readonly keys: readonly Uint8Array[];
}) => string;

/**
 * An id that depends on authority, hour and keys alone. Of such an upload no key is stored, so nothing else tells that it was
 * sent before, and a certificate that is sent again and again would be counted each time. Keyed with the store's secret,
 * so that whoever reads the counts cannot try out keys.
 */
export const skippedCountsId =
  (secret: Uint8Array): SkippedCountsId =>
  ({ authority, hour, keys }) => {
    const mac = createHmac('sha256', secret).update(`skipped counts ${authority} ${hour} `);
    for (const key of keys.toSorted((a, b) => Buffer.compare(a, b))) mac.update(key);
    return mac.digest('hex');
  };
