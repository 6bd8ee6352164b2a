import { type UnixMillis, unixMillis } from './interval.ts';

/** What time is it. The only source of the present in the whole suite. */
export interface Clock {
  now(): UnixMillis;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => unixMillis(Date.now()) };

/** What a machine's clocks show at one moment. */
export interface ClockReading {
  /** The time of day, which whoever sets the clock changes. */
  readonly wall: UnixMillis;
  /** Time since the machine was started, its sleep included, in ms; nothing sets it. Compared only within one `boot`. */
  readonly uptime: number;
  /** Names this start of this machine. */
  readonly boot: string;
}

/** Reads the clocks of a machine. */
export type ReadClocks = () => ClockReading;
