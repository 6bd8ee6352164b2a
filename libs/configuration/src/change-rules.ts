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
