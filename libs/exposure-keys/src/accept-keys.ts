import {
  DAY,
  INTERVAL,
  INTERVALS_PER_DAY,
  type UnixMillis,
  daysBetween,
  intervalAt,
} from '@keyserver/time';
import { type UploadContext, checkKey } from './check-key.ts';
import type { KeyRules } from './key-rules.ts';
import type { UploadStatistics } from './key-store.ts';
import { type ExposureKey, type OfferedKey, keyEnd, keyHex } from './key.ts';

/** Ages of keys of so many days and more are counted together in statistics. */
export const LAST_KEY_AGE = 15;
/** Times since onset of so many days and more are counted together in statistics. */
export const LAST_ONSET_AGE = 29;

/**
 * Which keys of an upload are kept. Problems are keys that were refused, warnings are keys that were left out because
 * of the onset; both name a key by its position in the upload as it was sent, and never repeat what was sent.
 */
export type Acceptance =
  | {
      readonly kind: 'refused';
      readonly problems: readonly string[];
      readonly warnings: readonly string[];
    }
  | {
      readonly kind: 'accepted';
      readonly keys: readonly ExposureKey[];
      readonly problems: readonly string[];
      readonly warnings: readonly string[];
      readonly statistics: Pick<UploadStatistics, 'oldestKeyDays' | 'onsetDays'>;
    };

/** Decides which offered keys are kept and as what; a contradiction between the keys kept refuses the upload. */
export function acceptKeys(
  offered: readonly OfferedKey[],
  context: UploadContext & { readonly onsetCandidates: readonly number[] },
): Acceptance {
  const { now, rules } = context;
  const miscount = countProblem(offered.length, rules);
  if (miscount !== undefined) return { kind: 'refused', problems: [miscount], warnings: [] };
  const onset = chooseOnset(context.onsetCandidates, now, rules);
  const { kept, problems, warnings } = checkEach(offered, onset, context);
  if (kept.length === 0 && problems.length > 0) return { kind: 'refused', problems, warnings };
  const ordered = inOrderOfTime(kept);
  const conflict = contradiction(ordered, rules.maxSameStart);
  if (conflict !== undefined)
    return { kind: 'refused', problems: [...problems, conflict], warnings };
  const statistics = statisticsOf(ordered, onset, intervalAt(now));
  return { kind: 'accepted', keys: withoutRepeats(ordered), problems, warnings, statistics };
}

function countProblem(count: number, { maxKeys }: KeyRules): string | undefined {
  if (count === 0) return 'no keys';
  return count > maxKeys ? `more than ${maxKeys} keys` : undefined;
}

function checkEach(
  offered: readonly OfferedKey[],
  onset: Onset,
  context: UploadContext,
): { kept: KeptKey[]; problems: string[]; warnings: string[] } {
  const kept: KeptKey[] = [];
  const problems: string[] = [];
  const warnings: string[] = [];
  offered.forEach((key, index) => {
    const checked = checkKey(key, onset.interval, context);
    if (checked.kind === 'kept') kept.push({ index, key: checked.key });
    else (checked.kind === 'refused' ? problems : warnings).push(`key ${index}: ${checked.reason}`);
  });
  return { kept, problems, warnings };
}

function statisticsOf(
  ordered: readonly KeptKey[],
  onset: Onset,
  current: number,
): Pick<UploadStatistics, 'oldestKeyDays' | 'onsetDays'> {
  const oldest = ordered[0];
  return {
    oldestKeyDays: oldest && Math.min(daysBetween(oldest.key.start, current), LAST_KEY_AGE),
    onsetDays: onset.assumed
      ? 'missing'
      : Math.min(daysBetween(onset.interval, current), LAST_ONSET_AGE),
  };
}

/** Of a key that was sent more than once, the last in order of time. */
const withoutRepeats = (ordered: readonly KeptKey[]): readonly ExposureKey[] => [
  ...new Map(ordered.map(({ key }) => [keyHex(key.data), key])).values(),
];

/** A key that passed on its own, with its position in the upload as it was sent. */
interface KeptKey {
  readonly index: number;
  readonly key: ExposureKey;
}

/** Keys in the order of their start, those that start together in the order of their length, else as they were sent. */
const inOrderOfTime = (kept: readonly KeptKey[]): readonly KeptKey[] =>
  kept.toSorted((a, b) => a.key.start - b.key.start || a.key.period - b.key.period);

/**
 * Why keys in order of time cannot come from one phone; undefined when they can. A phone uses one key after another,
 * but one that gives out today's key early goes on with a new key that has the same start.
 */
function contradiction(ordered: readonly KeptKey[], maxSameStart: number): string | undefined {
  let previous: KeptKey | undefined;
  let together = 0;
  for (const kept of ordered) {
    const sameStart = kept.key.start === previous?.key.start;
    together = sameStart ? together + 1 : 1;
    if (together > maxSameStart)
      return `key ${kept.index}: more than ${maxSameStart} keys start in the same interval`;
    if (!sameStart && previous !== undefined && kept.key.start < keyEnd(previous.key))
      return `key ${kept.index}: overlaps key ${previous.index}, which starts earlier`;
    previous = kept;
  }
  return undefined;
}

/** The interval in which symptoms began, and whether that is only assumed. */
interface Onset {
  readonly interval: number;
  readonly assumed: boolean;
}

/** The first believable candidate, or the day that is assumed of people who name none. */
function chooseOnset(candidates: readonly number[], now: UnixMillis, rules: KeyRules): Onset {
  const current = intervalAt(now);
  const earliest = Math.floor((now - rules.maxOnsetReport * DAY) / DAY) * INTERVALS_PER_DAY;
  const reported = candidates.find(
    (onset) => Number.isInteger(onset) && earliest <= onset && onset < current,
  );
  if (reported !== undefined) return { interval: reported, assumed: false };
  return { interval: Math.floor((now - rules.defaultOnset * DAY) / INTERVAL), assumed: true };
}
