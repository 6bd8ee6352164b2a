/**
 * What uploads look like where a server has seen none yet. The numbers are not measured: nobody publishes single uploads. They
 * follow from how phones and apps are described to work.
 *
 * - A phone makes a key a day, which is valid for 144 intervals from 00:00 UTC, and keeps keys for 14 days (Exposure
 *   Notification Cryptography Specification 1.2, "TEKRollingPeriod" and "Temporary Exposure Key"; CRYPTO.md of Google's
 *   exposure-notifications-internals). So an upload has keys of the 13 or 14 days before it. It has fewer where the app is new
 *   or the phone was off, and the first day of an app begins when it was installed.
 * - Today's key is still valid when it is uploaded. Either the phone hands it out whole, and the server holds it back until it
 *   has ended, so that it leaves alone soon after the next midnight; or the platform ends it at that moment, and it leaves with
 *   the others; or the app leaves it out. Some apps hand out the last key in an upload of its own on the next day.
 * - Apps hand out all keys, or those since two days before symptom onset (when people begin to be infectious), or a fixed
 *   number of days.
 * - Onset lies within two weeks before the upload, mostly within one: a test follows symptoms by a few days. Of people who name
 *   none, the server assumes a day (DEFAULT_ONSET_DAYS), and they may be most of all.
 * - Uploads come at any hour of day, as a server does not know in which time zones its people live.
 *
 * How often each of this happens differs from country to country and from app to app. One fixed mixture would differ from every
 * real population in some way, and a few real uploads would shift what is counted in a file measurably. Therefore no mixture is
 * fixed: habits are drawn for each cell, over the widest range that is sensible. What differs from cell to cell by chance
 * anyway says little about who was in it.
 */
import { type ExposureKey, KEY_PERIOD } from '@keyserver/exposure-keys';
import type { KeyRules } from '@keyserver/exposure-keys';
import type { Random } from '@keyserver/random';
import { DAY, INTERVAL, INTERVALS_PER_DAY, floorTo, intervalAt, unixMillis } from '@keyserver/time';
import { fraction, happens, pick, randomShares, weighted } from './chance.ts';
import { type PretendedUpload, type Release, endsAtMidnight, releasedKeys } from './upload.ts';

/** How the people of one imagined country use their phones. Shares and chances lie between 0 and 1. */
export interface Habits {
  /** Held-back last keys per upload. */
  readonly heldBack: number;
  /** Of the uploads outside of the hour of held-back keys, those whose only key was held back till another time. */
  readonly heldElsewhere: number;
  /** Uploads of yesterday's key alone. */
  readonly followUp: number;
  /** Uploads with today's key, ended by the platform at that moment. */
  readonly endedToday: number;
  /** Phones with an app that is newer than its keys could be. */
  readonly newApp: number;
  /** New apps whose first key begins when they were installed, not at midnight. */
  readonly partialFirstDay: number;
  /** Phones that are off at times. */
  readonly irregular: number;
  /** The chance of a day without a key, with such a phone. */
  readonly dayOff: number;
  /** The chance of a day whose key begins late or ends early, with such a phone. */
  readonly brokenDay: number;
  /** Days of keys that a phone keeps. */
  readonly daysKept: () => number;
  /** UTC days from onset to the upload. */
  readonly onsetDelay: () => number;
  /** Of how many UTC days before the upload keys are handed out, given the onset's. */
  readonly daysHandedOut: (onsetDelay: number) => number;
}

const MOST_DAYS_KEPT = 14;

/** A chance that is mostly small, and at most so large. */
const rare = (most: number, random: Random): number => most * fraction(random) ** 2;

/** Draws the habits of a population, each set of them about as likely as any other. */
export function drawHabits({ defaultOnset }: KeyRules, random: Random): Habits {
  const daysKept = weighted([MOST_DAYS_KEPT - 1, MOST_DAYS_KEPT], weights(2, random));
  return {
    heldBack: fraction(random),
    heldElsewhere: rare(0.05, random),
    followUp: rare(0.3, random),
    endedToday: fraction(random),
    newApp: fraction(random) / 2,
    partialFirstDay: fraction(random),
    irregular: fraction(random) / 2,
    dayOff: rare(0.6, random),
    brokenDay: rare(0.3, random),
    daysKept: () => daysKept(random),
    onsetDelay: drawOnsetDelay(defaultOnset, random),
    daysHandedOut: drawDaysHandedOut(random),
  };
}

const weights = (parts: number, random: Random): ((item: unknown, n: number) => number) => {
  const shares = randomShares(parts, random);
  return (_, n) => shares[n] ?? 0;
};

/** Some name no onset; most of the others upload within about a week of it; some do so at any time within two. */
function drawOnsetDelay(defaultOnset: number, random: Random): () => number {
  const earliest = fraction(random) * 4;
  const spread = 1 + fraction(random) * 6;
  const anybody = weighted(
    [
      () => defaultOnset,
      () => Math.floor(earliest + (spread * (fraction(random) + fraction(random))) / 2),
      () => random.below(MOST_DAYS_KEPT + 1),
    ],
    weights(3, random),
  );
  return () => anybody(random)();
}

/** Apps hand out everything, or what is left of it from a few days before onset, or a number of days. */
function drawDaysHandedOut(random: Random): (onsetDelay: number) => number {
  const beforeOnset = pick([1, 2, 2, 2, 3], random);
  const fixed = 3 + random.below(8);
  const anyApp = weighted(
    [
      () => MOST_DAYS_KEPT,
      (onsetDelay: number) => Math.max(1, onsetDelay + beforeOnset),
      () => fixed,
    ],
    weights(3, random),
  );
  return (onsetDelay) => anyApp(random)(onsetDelay);
}

/**
 * How many documents of 100 uploads a day would lie in the window: uploads come evenly, held-back keys in the window after that
 * of midnight.
 */
export const expectedDocuments = (
  habits: Habits,
  release: Pick<Release, 'window' | 'length'>,
): number => 100 * (release.length / DAY + (endsAtMidnight(release) ? habits.heldBack : 0));

/** So many tries find an upload that leaves something in the window, unless the rules are very narrow. */
const TRIES = 20;

/** The keys of a document that somebody with these habits might leave in the window; at least one. */
export function keysByHabit(habits: Habits, release: Release): readonly ExposureKey[] {
  const { random } = release;
  const heldBack = endsAtMidnight(release)
    ? habits.heldBack / (habits.heldBack + release.length / DAY)
    : 0;
  for (let n = 0; n < TRIES; n++) {
    const upload = happens(heldBack, random)
      ? heldBackUpload(habits, release)
      : happens(habits.heldElsewhere, random)
        ? heldElsewhereUpload(habits, release)
        : freshUpload(habits, release);
    const keys = releasedKeys(upload, release);
    if (keys.length > 0) return keys;
  }
  return releasedKeys(plainUpload(release), release);
}

/** Yesterday's key of somebody whose symptoms began yesterday: every server takes it, whatever its rules are. */
function plainUpload({ window }: Release): PretendedUpload {
  const yesterday = dayBefore(window, 1);
  return { at: window, keys: [{ start: yesterday, period: INTERVALS_PER_DAY }], onset: yesterday };
}

/** First interval of the day that lies so many days before that of an instant. */
const dayBefore = (at: number, days: number): number =>
  (Math.floor(at / DAY) - days) * INTERVALS_PER_DAY;

/** An upload of yesterday, of which only the day's key has been held back until midnight. */
function heldBackUpload(habits: Habits, { window, random }: Release): PretendedUpload {
  const midnight = floorTo(unixMillis(window - 1), DAY);
  const at = unixMillis(midnight - 1);
  const isFirstDay = happens(habits.newApp / MOST_DAYS_KEPT, random);
  const late = isFirstDay && happens(habits.partialFirstDay, random) ? lateStart(random) : 0;
  return {
    at,
    keys: [{ start: dayBefore(at, 0) + late, period: INTERVALS_PER_DAY - late }],
    onset: dayBefore(at, habits.onsetDelay()),
  };
}

const lateStart = (random: Random): number => 1 + random.below(INTERVALS_PER_DAY - 1);

/** An upload of which only a key has been held back that ended at some time of day. */
function heldElsewhereUpload(habits: Habits, { window, length, random }: Release): PretendedUpload {
  const end = intervalAt(unixMillis(Math.max(0, window - length + random.below(length))));
  const period = KEY_PERIOD.min + random.below(KEY_PERIOD.max);
  const at = unixMillis(Math.max(0, end * INTERVAL - 1));
  return { at, keys: [{ start: end - period, period }], onset: dayBefore(at, habits.onsetDelay()) };
}

/** An upload within the window, without what would be held back from it. */
function freshUpload(habits: Habits, { window, length, rules, random }: Release): PretendedUpload {
  const at = unixMillis(window + random.below(length));
  const onsetDelay = habits.onsetDelay();
  const onset = dayBefore(at, onsetDelay);
  if (happens(habits.followUp, random))
    return { at, keys: [{ start: dayBefore(at, 1), period: INTERVALS_PER_DAY }], onset };
  const handedOut = habits.daysHandedOut(onsetDelay);
  const keys = phoneKeys(habits, at, random).filter(
    ({ start }) => start >= dayBefore(at, handedOut),
  );
  return { at, keys: keys.slice(-rules.maxKeys), onset };
}

/** The ended keys of a phone, in order of time. */
function phoneKeys(habits: Habits, at: number, random: Random): PretendedUpload['keys'] {
  const kept = habits.daysKept();
  const isNew = happens(habits.newApp, random);
  const isIrregular = happens(habits.irregular, random);
  const days = isNew ? 1 + random.below(kept) : kept;
  const keys: { start: number; period: number }[] = [];
  for (let back = days; back > 0; back--) {
    const isPartial = isNew && back === days && happens(habits.partialFirstDay, random);
    const [start, end] = isPartial
      ? [lateStart(random), INTERVALS_PER_DAY]
      : isIrregular
        ? irregularDay(habits, random)
        : [0, INTERVALS_PER_DAY];
    if (end > start) keys.push({ start: dayBefore(at, back) + start, period: end - start });
  }
  const today = intervalAt(unixMillis(at)) - dayBefore(at, 0);
  if (today > 0 && happens(habits.endedToday, random))
    keys.push({ start: dayBefore(at, 0), period: today });
  return keys;
}

/** In which intervals of a day the key of a phone is valid that is off at times. */
function irregularDay(habits: Habits, random: Random): readonly [number, number] {
  if (happens(habits.dayOff, random)) return [0, 0];
  if (!happens(habits.brokenDay, random)) return [0, INTERVALS_PER_DAY];
  const at = lateStart(random);
  return happens(0.5, random) ? [at, INTERVALS_PER_DAY] : [0, at];
}
