import {
  type ExposureKey,
  KEY_BYTES,
  type KeyRules,
  acceptKeys,
  keyEnd,
  releaseWindow,
} from '@keyserver/exposure-keys';
import type { Random } from '@keyserver/random';
import {
  DAY,
  INTERVAL,
  INTERVALS_PER_DAY,
  type UnixMillis,
  type WindowLength,
  alwaysWindow,
  daysBetween,
  floorTo,
  unixMillis,
} from '@keyserver/time';
import type { Shape } from './shape.ts';

/** The server that generated keys pretend to have been uploaded to, and the window in which they leave it. */
export interface Release {
  readonly window: UnixMillis;
  readonly length: WindowLength;
  readonly rules: KeyRules;
  readonly random: Random;
}

/** Whether keys that end at a midnight are released in the window. */
export const endsAtMidnight = ({ window, length }: Pick<Release, 'window' | 'length'>): boolean =>
  window >= DAY && floorTo(unixMillis(window - 1), DAY) >= window - length;

/** An upload that might have been: fresh keys are drawn for it. */
export interface PretendedUpload {
  readonly at: UnixMillis;
  /** First intervals and lengths, in order of time. */
  readonly keys: readonly { readonly start: number; readonly period: number }[];
  /** First interval of the day of symptom onset. */
  readonly onset: number;
}

/**
 * The keys that an upload would leave in the window, in order of time; none when it would be refused, or leave everything in
 * other windows. It passes the very rules that an upload of a phone passes. So generated keys obey them by construction, and a
 * rule that is added later holds for them too.
 */
export function releasedKeys(upload: PretendedUpload, release: Release): readonly ExposureKey[] {
  const { rules, random, window } = release;
  const bytes = Buffer.from(random.bytes(upload.keys.length * KEY_BYTES));
  const offered = upload.keys.map(({ start, period }, n) => ({
    key: bytes.toString('base64', n * KEY_BYTES, (n + 1) * KEY_BYTES),
    rollingStartNumber: start,
    rollingPeriod: period,
    transmissionRisk: 0,
  }));
  const onsetCandidates = [upload.onset];
  const context = { now: upload.at, reportType: 'confirmed', rules, onsetCandidates } as const;
  const acceptance = acceptKeys(offered, context);
  if (acceptance.kind === 'refused') return [];
  const windows = alwaysWindow(release.length);
  return acceptance.keys.filter((key) => releaseWindow(keyEnd(key), upload.at, windows) === window);
}

/** The keys of a shape that is moved to the day of the window; undefined when no upload could leave exactly these there. */
export function keysOfShape(shape: Shape, release: Release): readonly ExposureKey[] | undefined {
  const today = floorTo(release.window, DAY) / INTERVAL;
  const onset = today - shape.onsetBefore * INTERVALS_PER_DAY;
  const keys = shape.keys.map(({ daysBefore, startInDay, period }) => ({
    start: today - daysBefore * INTERVALS_PER_DAY + startInDay,
    period,
  }));
  for (const at of uploadTimes({ keys, onset }, release)) {
    const released = releasedKeys({ at, keys, onset }, release);
    const isWhole = released.length === keys.length;
    if (isWhole && released.every((key) => key.onsetDays === daysBetween(onset, key.start)))
      return released;
  }
  return undefined;
}

/**
 * When such keys may have been uploaded: in the window, as early as all of them have ended and onset lies in the past; or, as
 * they were held back, just before the first of them ended. If neither time will do, no other one does.
 */
function uploadTimes(
  { keys, onset }: Pick<PretendedUpload, 'keys' | 'onset'>,
  { window, length }: Release,
): readonly UnixMillis[] {
  const ends = keys.map(({ start, period }) => start + period);
  const ended = Math.max(window, INTERVAL * Math.max(...ends, onset + 1));
  const held = INTERVAL * Math.min(...ends) - 1;
  return [...(ended < window + length ? [ended] : []), ...(held >= 0 ? [held] : [])].map(
    unixMillis,
  );
}
