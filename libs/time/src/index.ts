export { type Clock, type ClockReading, type ReadClocks, systemClock } from './clock.ts';
export {
  DAY,
  HOUR,
  INTERVAL,
  INTERVALS_PER_DAY,
  type IntervalNumber,
  MINUTE,
  SECOND,
  type UnixMillis,
  type UnixSeconds,
  daysBetween,
  intervalAt,
  intervalNumber,
  intervalStart,
  millisOf,
  secondsOf,
  unixMillis,
  unixSeconds,
} from './interval.ts';
export { type SimulatedClock, clockOver, clocksOver, simulatedClock } from './simulated-clock.ts';
export {
  type Cancel,
  type TimerOptions,
  type Timers,
  blockUntil,
  every,
  nextTurn,
  sleep,
  systemTimers,
} from './timers.ts';
export {
  type WindowCalendar,
  type WindowChange,
  type WindowLength,
  alwaysWindow,
  floorTo,
  windowLength,
  windowLengthAt,
  windowStart,
  windowsFrom,
} from './window.ts';
