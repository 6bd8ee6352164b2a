import { KEY_BYTES, type OfferedKey } from '@keyserver/exposure-keys';
import type { Random } from '@keyserver/random';
import { DAY, INTERVALS_PER_DAY, floorTo, intervalAt } from '@keyserver/time';
import { APPS } from './configuration.ts';
import type { Upload } from './upload.ts';
import type { World } from './world.ts';

/** A phone whose owner was tested. */
export interface Phone {
  readonly upload: Upload;
  /** Those of its keys that are too old to be taken. */
  readonly tooOld: readonly OfferedKey[];
}

const LONGEST_HISTORY = 14;
const LONGEST_ILLNESS = 10;
const HIGHEST_RISK = 8;
const TOO_OLD_DAYS = 17;

/** Phones differ by their number, so that few of them are enough to have every kind: each list has a length of its own. */
const REPORT_TYPES = ['confirmed', 'likely', 'user-report', 'confirmed', 'negative'] as const;
const TODAY = ['none', 'ended', 'none', 'valid', 'both', 'none', 'none'] as const;
const ONSETS = ['phone', 'certificate', 'none'] as const;

/** Phone number `n`, with random keys. */
export function makePhone(n: number, world: World): Phone {
  const { random } = world;
  const rated = n % 2 === 0;
  const history = Array.from({ length: 1 + random.below(LONGEST_HISTORY) }, (_, before) =>
    dayKey(world, 1 + before),
  );
  const tooOld = n % 11 === 5 ? [dayKey(world, TOO_OLD_DAYS)] : [];
  const keys = [...todaysKeys(pick(TODAY, n), world), ...history, ...tooOld];
  const upload: Upload = {
    app: n % 3 === 1 ? APPS.neighbour : APPS.home,
    keys: rated ? keys.map((key) => withRisk(key, random)) : keys,
    reportType: pick(REPORT_TYPES, n),
    onset: onsetOf(pick(ONSETS, n), world),
    traveler: n % 4 === 2,
  };
  const old = new Set(tooOld.map(({ key }) => key));
  return { upload, tooOld: upload.keys.filter(({ key }) => old.has(key)) };
}

/** A new key that was valid for the whole of a UTC day, so many days before today. */
export function dayKey(
  { clock, random }: Pick<World, 'clock' | 'random'>,
  daysBefore: number,
  of: Partial<OfferedKey> = {},
): OfferedKey {
  const today = intervalAt(floorTo(clock.now(), DAY));
  return {
    key: Buffer.from(random.bytes(KEY_BYTES)).toString('base64'),
    rollingStartNumber: today - daysBefore * INTERVALS_PER_DAY,
    rollingPeriod: INTERVALS_PER_DAY,
    transmissionRisk: 0,
    ...of,
  };
}

/** A phone may give out the key of today, which is valid until midnight, or end it early and go on with another. */
function todaysKeys(of: (typeof TODAY)[number], world: World): readonly OfferedKey[] {
  const soFar = intervalAt(world.clock.now()) % INTERVALS_PER_DAY;
  const ended = (): OfferedKey => dayKey(world, 0, { rollingPeriod: soFar });
  switch (of) {
    case 'none':
      return [];
    case 'ended':
      return [ended()];
    case 'valid':
      return [dayKey(world, 0)];
    case 'both':
      return [ended(), dayKey(world, 0)];
  }
}

const withRisk = (key: OfferedKey, random: Random): OfferedKey => ({
  ...key,
  transmissionRisk: random.below(HIGHEST_RISK + 1),
});

function onsetOf(by: (typeof ONSETS)[number], { clock, random }: World): Upload['onset'] {
  if (by === 'none') return undefined;
  const daysAgo = 1 + random.below(LONGEST_ILLNESS);
  return { interval: intervalAt(clock.now()) - daysAgo * INTERVALS_PER_DAY, by };
}

function pick<T>(list: readonly [T, ...T[]], n: number): T {
  return list[n % list.length] ?? list[0];
}
