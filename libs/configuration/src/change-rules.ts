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
import { type WholeConfiguration, type Problem, isOver } from './configuration.ts';
import { GRAMMARS, formatDuration } from './grammar.ts';
import { type PlannedReader, plannedReaders, sharingReaders } from './readers.ts';

/** What the format of export files lets a `verification_key_id` be. */
const KEY_ID = /^[A-Za-z0-9_]+$/;

/**
 * The key ids that phones may refuse. A stored one may stay in use, also for later keys: the phones of that server accept
 * it, and its keys must be rotated and ended like any other.
 */
export const unfitKeyIds = (
  before: WholeConfiguration,
  after: WholeConfiguration,
): readonly Problem[] =>
  after.signingKeys
    .filter(({ keyId }) => !KEY_ID.test(keyId))
    .filter(({ keyId }) => !before.signingKeys.some((stored) => stored.keyId === keyId))
    .map(({ id, keyId }) => ({
      path: 'signingKeys',
      message: `gives ${id} the keyId ${keyId}; a new one must be ${GRAMMARS.keyId.allowed}`,
    }));

/**
 * The addresses of keys that are not protected on their way. They are of this very machine, and for trying things out; a stored one
 * is refused too, or a file of one profile would pass in the other.
 */
export const plainKeyAddresses = (
  { authorities }: Pick<WholeConfiguration, 'authorities'>,
  profile: StoreProfile | undefined,
): readonly Problem[] =>
  authorities
    .filter(({ jwks }) => profile !== 'development' && jwks?.startsWith('http:') === true)
    .map(({ id }) => ({
      path: 'authorities',
      message: `gives authority ${id} a jwks without https, which is for the development profile alone`,
    }));

/** The readers whose period is not the one that they are stored with. */
const withNewPeriods = (
  before: Pick<WholeConfiguration, 'exports' | 'partners'>,
  after: Pick<WholeConfiguration, 'exports' | 'partners'>,
): readonly PlannedReader[] => {
  const stored = plannedReaders(before);
  return plannedReaders(after).filter(
    ({ id, period }) => !stored.some((one) => one.id === id && one.period === period),
  );
};

const givesPeriod = ({ name, periodField, period }: PlannedReader): string =>
  `gives ${name} a ${periodField} of ${formatDuration(period)}`;

/** A file of a shorter period would usually hold the upload of one person. Besides, phones take 20 files a day, not 288. */
const SHORTEST_PERIOD = 5 * MINUTE;

/** The shortest period that a store of a profile takes, in milliseconds. */
export const leastPeriodOf = (profile: StoreProfile | undefined): number =>
  profile === 'development' ? SECOND : SHORTEST_PERIOD;

/**
 * The periods that are too short outside the development profile. An export that is stored with one keeps it, so that its
 * file can still be applied.
 */
export const tooShortPeriods = (
  before: WholeConfiguration,
  after: WholeConfiguration,
  profile: StoreProfile | undefined,
): readonly Problem[] =>
  withNewPeriods(before, after)
    .filter(({ period }) => period < leastPeriodOf(profile))
    .map((reader) => ({
      path: reader.section,
      message: `${givesPeriod(reader)}; outside the development profile it is ${formatDuration(SHORTEST_PERIOD)} at least`,
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
  before: WholeConfiguration,
  after: WholeConfiguration,
  { windows, now }: StoreWindows,
): readonly Problem[] => {
  if (windows === undefined) return [];
  return withNewPeriods(lasting(before, now), lasting(after, now)).flatMap((reader) =>
    windowsFrom(windows, now)
      .filter(({ length }) => reader.period % length !== 0)
      .slice(0, 1)
      .map((window) => ({
        path: reader.section,
        message: `${givesPeriod(reader)}, which is no multiple of ${named(window, now)}`,
      })),
  );
};

const lasting = (
  { exports, partners }: WholeConfiguration,
  now: UnixMillis,
): Pick<WholeConfiguration, 'exports' | 'partners'> => ({
  exports: exports.filter((config) => !isOver(config, now)),
  partners: partners.filter((partner) => !isOver(partner, now)),
});

const named = ({ from, length }: WindowChange, now: UnixMillis): string =>
  from > now
    ? `the windows of ${length / SECOND} s that begin at ${new Date(from).toISOString()}`
    : `the store's windows of ${length / SECOND} s`;

/** The periods that do not divide the span of a plan: in the development profile a day is a minute. */
export const periodsAcrossDays = (
  before: WholeConfiguration,
  after: WholeConfiguration,
  span: PlanSpan,
): readonly Problem[] =>
  withNewPeriods(before, after)
    .filter(({ period }) => span % period !== 0)
    .map((reader) => ({
      path: reader.section,
      message: `${givesPeriod(reader)}; in the development profile a plan lasts ${formatDuration(span)}, and the ${reader.periodField} divides it`,
    }));

/** Whether a rule is broken between two readers that were not both stored as they are, and in force. */
const newlyBroken =
  (
    { before, now }: { readonly before: WholeConfiguration; readonly now: UnixMillis },
    isBroken: (one: PlannedReader, other: PlannedReader) => boolean,
  ) =>
  ([one, other]: readonly [PlannedReader, PlannedReader]): boolean => {
    if (!isBroken(one, other)) return false;
    // One that had ended is opened again: it counts as new.
    const stored = plannedReaders(lasting(before, now));
    const [a, b] = [one, other].map(({ id }) => stored.find((reader) => reader.id === id));
    return a === undefined || b === undefined || !isBroken(a, b) || !shareKeys(a, b);
  };

/**
 * Exports and padded partners that may be given the same keys and whose periods do not divide one another: a span of time that lies
 * in one batch of each of them would be shorter than any of the periods, and each of these spans is padded.
 */
export const periodsThatDoNotDivide = (
  before: WholeConfiguration,
  after: WholeConfiguration,
  now: UnixMillis,
): readonly Problem[] =>
  sharingReaders(after, now)
    .filter(
      newlyBroken({ before, now }, (a, b) => a.period > b.period && a.period % b.period !== 0),
    )
    .map(([one, other]) => ({
      path: one.section,
      message: `${givesPeriod(one)}, which is no multiple of the ${formatDuration(other.period)} of ${nameOf(other)}; both may hold the same keys`,
    }));

const nameOf = ({ section, name }: PlannedReader): string =>
  section === 'exports' ? name : `partner ${name}`;

/**
 * Floors above what one file may hold, of the export itself or of an export or a partner that may be given the same keys: padding
 * alone would split the files.
 */
export const floorsAboveFiles = (
  before: WholeConfiguration,
  after: WholeConfiguration,
  now: UnixMillis,
): readonly Problem[] =>
  sharingReaders(after, now)
    .filter(newlyBroken({ before, now }, (a, b) => a.minRecords > b.maxRecords))
    .map(([one, other]) => ({
      path: one.section,
      message: `pads ${one.name} to ${one.minRecords} keys (minRecords), more than a file of ${other.name} may hold (maxRecords ${other.maxRecords})`,
    }));

/** What padding costs the phones that read each export that has not ended, and each padded partner. */
export const costsOf = (
  configuration: WholeConfiguration,
  now: UnixMillis,
): readonly PaddingCost[] => {
  const { exports, partners } = lasting(configuration, now);
  const padded = partners.filter(({ mode }) => mode === 'padded');
  return paddingCosts({ exports, partners: padded }, configuration.apps);
};
