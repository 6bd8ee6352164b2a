import type { DocumentStore } from '@keyserver/docstore';
import type { KeyBatch, ReadKeyBatches } from '@keyserver/exposure-keys';
import type { FindUnit, FoundUnit, Grant, Partner, ReadUnit } from '@keyserver/federation';
import {
  MINUTE,
  type UnixMillis,
  type WindowCalendar,
  unixMillis,
  windowLengthAt,
  windowStart,
} from '@keyserver/time';
import { findOldestWindow, readKeyBatches } from './key-reader.ts';
import { storedWindows } from './store-windows.ts';

/** What serving windows as they close needs to know. */
export interface FreshUnitsOptions {
  /** How long a window can be read, ms. */
  readonly retention: number;
  /** What a partner was granted on the day of a window; undefined when it was not served that day. */
  readonly grantAt: (partner: Partner, window: UnixMillis) => Promise<Grant | undefined>;
  /** Whether a partner waits for the end of a pause; then nothing more is available to it. */
  readonly waits?: (partner: Partner) => Promise<boolean>;
}

/** The units of fresh partners: each window is one, from the moment when nothing can be written into it any more. */
export function freshUnits(
  store: DocumentStore,
  { retention, grantAt, waits }: FreshUnitsOptions,
): { readonly findUnit: FindUnit; readonly readUnit: ReadUnit } {
  const calendarAt = rememberedCalendar(store);
  const isKnownToHoldKeys = rememberedWindows();
  const findUnit: FindUnit = async (partner, window) => {
    if ((await waits?.(partner)) === true) return { kind: 'not yet' };
    const now = await store.now();
    const calendar = await calendarAt(now);
    const start = windowStart(calendar, window);
    const first = firstServed(calendar, { now, retention, from: partner.from });
    if (start < first) return { kind: 'nothing', to: first };
    const openFrom = windowStart(calendar, unixMillis(now - store.closingDelay));
    if (start >= Math.min(openFrom, partner.thru ?? Infinity)) return { kind: 'not yet' };
    if (!isKnownToHoldKeys.has(start)) {
      const oldest = await findOldestWindow(store, { from: start, until: openFrom });
      if (oldest !== start) return { kind: 'nothing', to: oldest ?? openFrom };
      isKnownToHoldKeys.add(start);
    }
    return await available(partner, { start, calendar });
  };
  const available = async (
    partner: Partner,
    { start, calendar }: { readonly start: UnixMillis; readonly calendar: WindowCalendar },
  ): Promise<FoundUnit> => {
    const end = windowEnd(calendar, start);
    const grant = await grantAt(partner, start);
    return grant === undefined
      ? { kind: 'nothing', to: end }
      : { kind: 'available', unit: { start, end, mode: 'fresh', grant } };
  };
  return { findUnit, readUnit: readFreshUnit(readKeyBatches(store, { retention })) };
}

/** Whole windows, without what was generated: it is not there for fresh partners, and some of it belongs to nothing. */
const readFreshUnit = (read: ReadKeyBatches): ReadUnit =>
  async function* ({ start, end }) {
    for await (const page of read({ from: start, until: end, whole: true }))
      yield page.filter(isNotGenerated);
  };

const isNotGenerated = ({ origin }: Pick<KeyBatch, 'origin'>): boolean => origin !== 'padding';

/** The first window that is within retention as a whole, and begins when the partner does or later. */
function firstServed(
  calendar: WindowCalendar,
  given: { readonly now: UnixMillis; readonly retention: number; readonly from: UnixMillis },
): UnixMillis {
  const earliest = unixMillis(Math.max(0, given.from, given.now - given.retention));
  const start = windowStart(calendar, earliest);
  return start === earliest ? start : windowEnd(calendar, start);
}

const windowEnd = (calendar: WindowCalendar, start: UnixMillis): UnixMillis =>
  unixMillis(start + windowLengthAt(calendar, start));

/** The windows as they were within the last minute of store time: a change is stored longer before it begins. */
function rememberedCalendar(store: DocumentStore): (now: UnixMillis) => Promise<WindowCalendar> {
  let known: { readonly calendar: WindowCalendar; readonly at: UnixMillis } | undefined;
  return async (now) => {
    if (known === undefined || now < known.at || now - known.at > MINUTE)
      known = { calendar: await storedWindows(store), at: now };
    return known.calendar;
  };
}

const REMEMBERED_WINDOWS = 1024;

/** Closed windows that hold keys. They do so until they are past retention, which is looked at before. */
function rememberedWindows(): Pick<Set<UnixMillis>, 'has' | 'add'> {
  const known = new Set<UnixMillis>();
  return {
    has: (window) => known.has(window),
    add: (window) => {
      if (known.size >= REMEMBERED_WINDOWS) known.clear();
      return known.add(window);
    },
  };
}
