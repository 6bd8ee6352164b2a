import { existsSync, readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import {
  type Clock,
  type ClockReading,
  DAY,
  HOUR,
  MINUTE,
  type ReadClocks,
  SECOND,
  type SimulatedClock,
  clocksOver,
} from '@keyserver/time';

// https://docs.kernel.org/admin-guide/sysctl/kernel.html#random: a UUID that is drawn at each start.
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Whether this system gives each start of the machine a name of its own. */
export const namesStarts = (): boolean => existsSync(BOOT_ID);

/**
 * All that the clocks of this machine show, by its clock, or of the simulated machine that a simulated clock belongs to. The
 * uptime goes on while the machine sleeps, which Node's own monotonic clock does not on Linux.
 */
export function clocksOf(clock: Clock): ReadClocks {
  if (isSimulated(clock)) return clocksOver(clock.memory);
  const boot = bootName();
  return () => ({ wall: clock.now(), uptime: Math.round(uptime() * SECOND), boot });
}

/** Whether a clock is a simulated one, which lives in memory that other threads can share. */
export const isSimulated = (clock: Clock): clock is SimulatedClock => 'memory' in clock;

/** Elsewhere than on Linux the machine's name must do; a new start shows in an uptime that is smaller than before. */
function bootName(): string {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch {
    return hostname();
  }
}

/** How far a clock may be off before it is doubted: time servers step by less, and so does a leap second. */
export const TOLERANCE = 30 * SECOND;

/** A machine that was off for longer is not told from a clock that was set wrong, unless somebody says so. */
export const LONGEST_STOP = 3 * DAY;

/** How long a clock must have agreed with the time that passed before a jump of it is believed, or anything is deleted. */
export const SETTLING = 10 * MINUTE;

/** Whether the clocks of a machine fit what its store remembers; if not, by how much (ms) and in what way. */
export type Verdict =
  | { readonly kind: 'believed' }
  | {
      readonly kind: 'doubted';
      /** Behind store time; off what has passed since it was last believed; or past that by more than a stop is thought to take. */
      readonly doubt: 'behind' | 'jumped' | 'long_stop';
      readonly by: number;
    };

const BELIEVED: Verdict = { kind: 'believed' };

/** Compares the time of day with the latest store time that anybody was given. */
export function judgeByMark({ wall }: ClockReading, mark: number): Verdict {
  const lag = mark - wall;
  return lag > TOLERANCE ? { kind: 'doubted', doubt: 'behind', by: lag } : BELIEVED;
}

/** Compares a reading of the clocks with the newest one that was believed; the `wall` of that is 0 in a new store. */
export function judgeByAnchor(reading: ClockReading, anchor: ClockReading): Verdict {
  if (anchor.wall === 0) return BELIEVED;
  const shown = reading.wall - anchor.wall;
  if (!isSameBoot(reading, anchor))
    return shown > LONGEST_STOP ? { kind: 'doubted', doubt: 'long_stop', by: shown } : BELIEVED;
  const off = shown - (reading.uptime - anchor.uptime);
  return Math.abs(off) > TOLERANCE ? { kind: 'doubted', doubt: 'jumped', by: off } : BELIEVED;
}

/**
 * How long what expires must still stay longer (see `certainTime` of StoreTime), after `caution` was the answer at the anchor.
 * Time that nothing has counted, because the machine was off or its clock jumped ahead, may be an error of the clock.
 */
export function cautionAt(reading: ClockReading, anchor: ClockReading, caution: number): number {
  if (anchor.wall === 0) return 0;
  const isSame = isSameBoot(reading, anchor);
  const counted = isSame ? reading.uptime - anchor.uptime : reading.uptime;
  const uncounted = reading.wall - anchor.wall - counted;
  return uncounted > TOLERANCE ? LONGEST_STOP : Math.max(0, caution - counted);
}

// A machine without a name for each of its starts is known to have been started anew by its smaller uptime.
const isSameBoot = (one: ClockReading, before: ClockReading): boolean =>
  one.boot === before.boot && one.uptime >= before.uptime;

/** Says in words what makes a clock doubtful. */
export function doubtSentence({ doubt, by }: Extract<Verdict, { kind: 'doubted' }>): string {
  const amount = about(Math.abs(by));
  switch (doubt) {
    case 'behind':
      return `the clock of this machine is ${amount} behind store time`;
    case 'jumped':
      return `the clock of this machine has jumped ${amount} ${by > 0 ? 'ahead' : 'back'}`;
    case 'long_stop':
      return `the clock of this machine shows ${amount} more than when the store was last in use`;
  }
}

const UNITS = [
  { name: 'days', ms: DAY },
  { name: 'h', ms: HOUR },
  { name: 'min', ms: MINUTE },
] as const;

function about(ms: number): string {
  const unit = UNITS.find((each) => ms >= 2 * each.ms) ?? { name: 's', ms: SECOND };
  return `${String(Math.round(ms / unit.ms))} ${unit.name}`;
}
