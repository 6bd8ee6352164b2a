import { type PaddingCost, type PlanSpan, paddingCosts, shareKeys } from '@keyserver/padding';
import type { StoreProfile } from '@keyserver/stores';
import {
  MINUTE,
  SECOND,
  type UnixMillis,
  type WindowCalendar,
  type WindowChange,
  windowsFrom,
} from '@keyserver/time';
import { type Configuration, type Problem, isOver } from './configuration.ts';
import { GRAMMARS, formatDuration } from './grammar.ts';

/** What the format of export files lets a `verification_key_id` be. */
const KEY_ID = /^[A-Za-z0-9_]+$/;

/**
 * The key ids that phones may refuse. A stored one may stay in use, also for later keys: the phones of that server accept
 * it, and its keys must be rotated and ended like any other.
 */
export const unfitKeyIds = (before: Configuration, after: Configuration): readonly Problem[] =>
  after.signingKeys
    .filter(({ keyId }) => !KEY_ID.test(keyId))
    .filter(({ keyId }) => !before.signingKeys.some((stored) => stored.keyId === keyId))
    .map(({ id, keyId }) => ({
      path: 'signingKeys',
      message: `gives ${id} the keyId ${keyId}; a new one must be ${GRAMMARS.keyId.allowed}`,
    }));

/** A file of a shorter period would usually hold the upload of one person. Besides, phones take 20 files a day, not 288. */
const SHORTEST_PERIOD = 5 * MINUTE;

/**
 * The periods that are too short outside the development profile. An export that is stored with one keeps it, so that its
 * file can still be applied.
 */
export const tooShortPeriods = (
  before: Configuration,
  after: Configuration,
  profile: StoreProfile | undefined,
): readonly Problem[] =>
  profile === 'development'
    ? []
    : after.exports
        .filter(({ period }) => period < SHORTEST_PERIOD)
        .filter(({ id, period }) => !before.exports.some((o) => o.id === id && o.period === period))
        .map(({ id, period }) => ({
          path: 'exports',
          message: `gives ${id} a period of ${formatDuration(period)}; outside the development profile it is ${formatDuration(SHORTEST_PERIOD)} at least`,
        }));

/** The windows of a store, which decide the periods that it allows. */
interface StoreWindows {
  /** Undefined until a service has been started on the store. */
  readonly windows: WindowCalendar | undefined;
  /** Store time. */
  readonly now: UnixMillis;
}

/**
 * The periods that are not a multiple of the windows, today or after a change that is already decided. A batch would end in
 * the middle of a window and wait for its other half. An export that is stored with such a period keeps it while it lasts,
 * so that its file can still be applied.
 */
export const periodsAcrossWindows = (
  before: Configuration,
  after: Configuration,
  { windows, now }: StoreWindows,
): readonly Problem[] => {
  if (windows === undefined) return [];
  const kept = before.exports.filter((config) => !isOver(config, now));
  return after.exports
    .filter((config) => !isOver(config, now))
    .filter(({ id, period }) => !kept.some((one) => one.id === id && one.period === period))
    .flatMap(({ id, period }) =>
      windowsFrom(windows, now)
        .filter(({ length }) => period % length !== 0)
        .slice(0, 1)
        .map((window) => ({
          path: 'exports',
          message: `gives ${id} a period of ${formatDuration(period)}, which is no multiple of ${named(window, now)}`,
        })),
    );
};

const named = ({ from, length }: WindowChange, now: UnixMillis): string =>
  from > now
    ? `the windows of ${length / SECOND} s that begin at ${new Date(from).toISOString()}`
    : `the store's windows of ${length / SECOND} s`;

/** The periods that do not divide the span of a plan: in the development profile a day is a minute. */
export const periodsAcrossDays = (
  before: Configuration,
  after: Configuration,
  span: PlanSpan,
): readonly Problem[] =>
  after.exports
    .filter(({ period }) => span % period !== 0)
    .filter(({ id, period }) => !before.exports.some((o) => o.id === id && o.period === period))
    .map(({ id, period }) => ({
      path: 'exports',
      message: `gives ${id} a period of ${formatDuration(period)}; in the development profile a plan lasts ${formatDuration(span)}, and the period divides it`,
    }));

type Export = Configuration['exports'][number];

/** Pairs of exports that have not ended and may hold the same keys, an export with itself included. */
const sharing = (
  { exports }: Configuration,
  now: UnixMillis,
): readonly (readonly [Export, Export])[] => {
  const lasting = exports.filter((config) => !isOver(config, now));
  return lasting.flatMap((one) =>
    lasting
      .filter((other) => one === other || shareKeys(one, other))
      .map((other) => [one, other] as const),
  );
};

/** Whether a rule is broken between two exports that were not both stored as they are, and in force. */
const newlyBroken =
  (
    { before, now }: { readonly before: Configuration; readonly now: UnixMillis },
    isBroken: (one: Export, other: Export) => boolean,
  ) =>
  ([one, other]: readonly [Export, Export]): boolean => {
    if (!isBroken(one, other)) return false;
    // One that had ended is opened again: it counts as new.
    const lasting = before.exports.filter((stored) => !isOver(stored, now));
    const [a, b] = [one, other].map(({ id }) => lasting.find((stored) => stored.id === id));
    return a === undefined || b === undefined || !isBroken(a, b) || !shareKeys(a, b);
  };

/**
 * Exports that may hold the same keys and whose periods do not divide one another: a span of time that lies in one batch of
 * each of them would be shorter than any of the periods, and each of these spans is padded.
 */
export const periodsThatDoNotDivide = (
  before: Configuration,
  after: Configuration,
  now: UnixMillis,
): readonly Problem[] =>
  sharing(after, now)
    .filter(
      newlyBroken({ before, now }, (a, b) => a.period > b.period && a.period % b.period !== 0),
    )
    .map(([one, other]) => ({
      path: 'exports',
      message: `gives ${one.id} a period of ${formatDuration(one.period)}, which is no multiple of the ${formatDuration(other.period)} of ${other.id}; both may hold the same keys`,
    }));

/** Floors above what one file may hold, of the export itself or of one that may hold the same keys: padding alone would split the files. */
export const floorsAboveFiles = (
  before: Configuration,
  after: Configuration,
  now: UnixMillis,
): readonly Problem[] =>
  sharing(after, now)
    .filter(newlyBroken({ before, now }, (a, b) => a.minRecords > b.maxRecords))
    .map(([one, other]) => ({
      path: 'exports',
      message: `pads ${one.id} to ${one.minRecords} keys (minRecords), more than a file of ${other.id} may hold (maxRecords ${other.maxRecords})`,
    }));

/** What padding costs the phones that read each export that has not ended. */
export const costsOf = (
  { exports, apps }: Configuration,
  now: UnixMillis,
): readonly PaddingCost[] =>
  paddingCosts(
    exports.filter((config) => !isOver(config, now)),
    apps,
  );
