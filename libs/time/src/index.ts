export type { ClockReading, ReadClocks } from './clock-reading.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  type UnixMillis,
  type UnixSeconds,
  millisOf,
  secondsOf,
  unixMillis,
  unixSeconds,
} from './instant.ts';
export {
  INTERVAL,
  INTERVALS_PER_DAY,
  type IntervalNumber,
  daysBetween,
  intervalAt,
  intervalNumber,
  intervalStart,
} from './interval.ts';
export { type SimulatedClock, clockOver, clocksOver, simulatedClock } from './simulated-clock.ts';
export {
  type Cancel,
  type TimerOptions,
  type Timers,
  every,
  nextTurn,
  sleep,
  systemTimers,
} from './timers.ts';
export { type WindowLength, floorTo, windowLength } from './window.ts';
export {
  type WindowCalendar,
  type WindowChange,
  alwaysWindow,
  windowLengthAt,
  windowsFrom,
  windowStart,
} from './window-calendar.ts';
