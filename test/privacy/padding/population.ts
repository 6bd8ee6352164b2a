import {
  DEFAULT_KEY_RULES,
  type ExposureKey,
  type KeyRules,
  type OfferedKey,
  type ReportType,
  acceptKeys,
  keyEnd,
  packRecords,
  releaseWindow,
} from '@keyserver/exposure-keys';
import type { KeyDocument } from '@keyserver/padding';
import type { Random } from '@keyserver/random';
import {
  DAY,
  INTERVAL,
  INTERVALS_PER_DAY,
  type UnixMillis,
  type WindowCalendar,
  intervalAt,
} from '@keyserver/time';
import { between, drawWeighted, happens } from './chance.ts';

/*
 * People who publish, with ground truth. Their habits are unlike what a server would assume that knows no uploads yet: many
 * phones were set up a few days ago, one in ten has keys that begin at other times than midnight, one in five gives out
 * today's key early, most send keys from long before the onset too, and the onset lies further back than is usual.
 * So whatever padding gains from a good guess is not counted; what it learns from earlier uploads is.
 */

/** What an app makes of its keys. */
export interface App {
  readonly id: string;
  readonly regions: readonly string[];
  readonly authority: { readonly id: number; readonly name: string };
  /** The transmission risk of a key by its days since onset; 0 when the app assigns none. */
  readonly risk: (onsetDays: number) => number;
}

const flat = (risk: number) => (): number => risk;
const byOnset = (onsetDays: number): number =>
  onsetDays < -2 ? 1 : onsetDays < 0 ? 4 : Math.max(1, 6 - Math.floor(onsetDays / 2));

/** The apps of three neighbours: two with one risk for all keys, and one with risks after a table. */
export const APPS: readonly App[] = [
  {
    ...{ id: 'org.north.app', regions: ['US'], authority: { id: 1, name: 'North Health' } },
    risk: flat(0),
  },
  {
    ...{ id: 'org.south.app', regions: ['US', 'MX'], authority: { id: 2, name: 'South Health' } },
    risk: flat(3),
  },
  {
    ...{ id: 'org.table.app', regions: ['US', 'CA'], authority: { id: 3, name: 'Table Health' } },
    risk: byOnset,
  },
];

/** How a person's diagnosis was made, and with which app it is published. */
export interface Habit {
  readonly app: App;
  readonly reportType: ReportType;
}

/** Somebody whose test was positive, with the app that has a table of risks. */
export const TABLE_HABIT: Habit = { app: APPS[2]!, reportType: 'confirmed' };

/** Apps that give all keys of a report type the same risk. */
const PLAIN_APPS = APPS.slice(0, 2);

/** One of the habits that occur; with a plain app only, if wanted. */
export const drawHabit = (random: Random, { plain = false } = {}): Habit => ({
  app: (plain ? PLAIN_APPS : APPS)[random.below(plain ? PLAIN_APPS.length : APPS.length)]!,
  reportType: drawWeighted<ReportType>(
    [
      ['confirmed', 8],
      ['likely', 1],
      ['user-report', 1],
    ],
    random,
  ),
});

/** What one phone sends. */
export interface PhoneUpload extends Habit {
  readonly at: UnixMillis;
  readonly keys: readonly OfferedKey[];
  /** The interval of symptom onset; 0 when the phone does not know it. */
  readonly onset: number;
  readonly traveler: boolean;
}

const TRAVELERS = 0.15;

/** What a person with a new phone and new symptoms sends at this time. */
export function drawUpload(at: UnixMillis, habit: Habit, random: Random): PhoneUpload {
  const today = Math.floor(at / DAY);
  const onsetDay = drawOnsetDay(today, random);
  const oldest = onsetDay === undefined || happens(0.6, random) ? 0 : onsetDay - 4;
  const keys = drawPhone(at, random)
    .filter(({ day }) => day >= oldest)
    .map(({ day, start, period }) => ({
      key: Buffer.from(random.bytes(16)).toString('base64'),
      rollingStartNumber: start,
      rollingPeriod: period,
      transmissionRisk: habit.app.risk(day - (onsetDay ?? today - DEFAULT_KEY_RULES.defaultOnset)),
    }));
  const onset = onsetDay === undefined ? 0 : onsetDay * INTERVALS_PER_DAY;
  return { ...habit, at, keys, onset, traveler: happens(TRAVELERS, random) };
}

/** Three in ten do not say; of the others most noticed it five days ago, give or take some. */
function drawOnsetDay(today: number, random: Random): number | undefined {
  if (happens(0.3, random)) return undefined;
  return today - 1 - between(0, 5, random) - between(0, 4, random);
}

interface PhoneKey {
  readonly day: number;
  readonly start: number;
  readonly period: number;
}

/** The keys that a phone has, oldest first. */
function drawPhone(at: UnixMillis, random: Random): readonly PhoneKey[] {
  const today = Math.floor(at / DAY);
  const kept = drawWeighted(
    [
      [14, 50],
      [10, 15],
      [between(1, 13, random), 35],
    ],
    random,
  );
  const offAfter = happens(0.1, random) ? between(1, 10, random) : Infinity;
  const keys: PhoneKey[] = [];
  for (let day = today - kept; day < today; day++) {
    const off = day - (today - offAfter);
    if ((off >= 0 && off < 3) || happens(0.07, random)) continue;
    keys.push(...drawDay(day, random));
  }
  return [...keys, ...drawToday(at, random)];
}

/** Mostly one key from midnight to midnight; sometimes the phone was set up or reset in between. */
function drawDay(day: number, random: Random): readonly PhoneKey[] {
  const start = day * INTERVALS_PER_DAY;
  const cut = between(20, 130, random);
  const later = { day, start: start + cut, period: INTERVALS_PER_DAY - cut };
  return drawWeighted<readonly PhoneKey[]>(
    [
      [[{ day, start, period: INTERVALS_PER_DAY }], 96],
      [[later], 2],
      [[{ day, start, period: cut }, later], 2],
    ],
    random,
  );
}

/** Today's key is mostly valid until midnight and held back till then; some phones end it early, some keep it. */
function drawToday(at: UnixMillis, random: Random): readonly PhoneKey[] {
  const day = Math.floor(at / DAY);
  const start = day * INTERVALS_PER_DAY;
  const period = intervalAt(at) - start;
  return drawWeighted<readonly PhoneKey[]>(
    [
      [[{ day, start, period: INTERVALS_PER_DAY }], 7],
      [period > 0 ? [{ day, start, period }] : [], 2],
      [[], 1],
    ],
    random,
  );
}

/** The documents that an upload leaves in the store: one for each window in which some of its keys are released. */
export function documentsOf(
  upload: PhoneUpload,
  windows: WindowCalendar,
  rules: KeyRules = DEFAULT_KEY_RULES,
): readonly KeyDocument[] {
  const { at: now, reportType, app, traveler } = upload;
  const accepted = acceptKeys(upload.keys, {
    ...{ now, reportType, rules, onsetCandidates: [upload.onset] },
  });
  if (accepted.kind === 'refused') return [];
  const byWindow = new Map<UnixMillis, ExposureKey[]>();
  for (const key of accepted.keys) {
    const window = releaseWindow(keyEnd(key), now, windows);
    byWindow.set(window, [...(byWindow.get(window) ?? []), key]);
  }
  return [...byWindow].map(([window, keys]) => ({
    ...{ window, regions: app.regions, traveler, app: app.id, authority: app.authority },
    records: packRecords(keys.toSorted((a, b) => Buffer.compare(a.data, b.data))),
  }));
}

/** A time of day at which people publish: mostly between eight in the morning and ten at night. */
export const drawTimeOfDay = (random: Random): number =>
  (happens(0.9, random) ? between(48, 131, random) : between(0, 143, random)) * INTERVAL +
  random.below(INTERVAL);
