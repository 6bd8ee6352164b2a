import type { KeyDocument } from '@keyserver/padding';
import type { Random } from '@keyserver/random';
import {
  DAY,
  HOUR,
  type UnixMillis,
  type WindowLength,
  alwaysWindow,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import {
  type Habit,
  type PhoneUpload,
  documentsOf,
  drawHabit,
  drawTimeOfDay,
  drawUpload,
} from './population.ts';
import { GENERATED, type LabelledFile, seenRecords } from './seen-file.ts';

/** A cell that is to be padded, as a rule of padding gets it. */
export interface UnpaddedCell {
  readonly windows: readonly UnixMillis[];
  readonly documents: readonly KeyDocument[];
  /** How many generated keys are to join them. */
  readonly keys: number;
  /** A number of the simulated day: rules that learn from earlier days know other ones on each. */
  readonly day: number;
}

/** A rule of padding: the generated documents that join the real ones of a cell. */
export type PaddingRule = (cell: UnpaddedCell) => readonly KeyDocument[];

/** Floor and range of the files that are simulated. */
export const FLOOR = 1000;
export const RANGE = 100;

export const SIMULATED_WINDOW: WindowLength =
  windowLength(HOUR) ??
  (() => {
    throw new Error('an hour is a window');
  })();
const WINDOWS = alwaysWindow(SIMULATED_WINDOW);
/** 2026-01-15. */
const FIRST_DAY = Date.UTC(2026, 0, 15);

/** Which hour is looked at: uploads of noon, or what phones held back on the day before until their last key had ended. */
export const MOMENTS = ['noon', 'held back'] as const;
/** One of both. */
export type Moment = (typeof MOMENTS)[number];

/** When its window begins, in ms after midnight. */
export const WINDOW_OF: Readonly<Record<Moment, number>> = { noon: 12 * HOUR, 'held back': HOUR };

/** How each of the people of a file publishes. */
export type DrawHabit = (random: Random) => Habit;

/**
 * The file of an hour in which so many people published something. They all have one report type and risk, unless it is said
 * how they differ: that a combination occurs at all is known to show, and would tell many people from few. The people come in
 * the order of their number.
 */
export function simulateFile(
  people: number,
  options: {
    readonly moment: Moment;
    readonly rule: PaddingRule;
    readonly day: number;
    readonly random: Random;
    readonly habits?: DrawHabit | undefined;
  },
): LabelledFile {
  const { moment, rule, day, random } = options;
  const midnight = FIRST_DAY + day * DAY;
  const window = unixMillis(midnight + WINDOW_OF[moment]);
  const same = drawHabit(random, { plain: true });
  const owned = Array.from(
    { length: people },
    () =>
      drawPerson(moment, { midnight, habit: options.habits?.(random) ?? same, random }).document,
  );
  const real = owned.reduce((sum, { records }) => sum + seenRecords(records).length, 0);
  const keys = Math.max(0, FLOOR + random.below(RANGE + 1) - real);
  const cell = { windows: [window], documents: owned, keys, day };
  const generated = keys === 0 ? [] : rule(cell);
  return {
    day: Math.floor(window / DAY),
    ...label([
      ...owned.map(({ records }, owner) => ({ records, owner })),
      ...generated.map(({ records }) => ({ records, owner: GENERATED })),
    ]),
  };
}

/**
 * Somebody who leaves something in the window of a moment, and what. Who leaves nothing in it is not looked at, and another one
 * is drawn.
 */
export function drawPerson(
  moment: Moment,
  from: { readonly midnight: number; readonly habit: Habit; readonly random: Random },
): { readonly upload: PhoneUpload; readonly document: KeyDocument } {
  const { midnight, habit, random } = from;
  for (;;) {
    const upload = drawUpload(drawUploadTime(moment, midnight, random), habit, random);
    const left = documentsOf(upload, WINDOWS);
    const document = left.find(({ window }) => window === midnight + WINDOW_OF[moment]);
    if (document !== undefined) return { upload, document };
  }
}

/** At noon people publish in that very hour; at the other moment most did so on the day before, but some do in that hour too. */
const drawUploadTime = (moment: Moment, midnight: number, random: Random): UnixMillis =>
  unixMillis(
    moment === 'noon'
      ? midnight + 12 * HOUR + random.below(HOUR)
      : midnight - random.below(2) * DAY + drawTimeOfDay(random),
  );

function label(
  documents: readonly { readonly records: Uint8Array; readonly owner: number }[],
): Pick<LabelledFile, 'keys' | 'owners'> {
  const keys = documents.map(({ records }) => seenRecords(records));
  return {
    keys: keys.flat(),
    owners: documents.flatMap(({ owner }, n) => keys[n]!.map(() => owner)),
  };
}

/** What so many people leave who publish on a simulated day. */
export function documentsOfDay(
  people: number,
  options: { readonly day: number; readonly random: Random },
): readonly KeyDocument[] {
  const { day, random } = options;
  const midnight = FIRST_DAY + day * DAY;
  return Array.from({ length: people }, () => {
    const at = unixMillis(midnight + drawTimeOfDay(random));
    return documentsOf(drawUpload(at, drawHabit(random), random), WINDOWS);
  }).flat();
}
