import { type UnixMillis, unixMillis } from './instant.ts';

/** What time is it. The only source of the present in the whole suite. */
export interface Clock {
  now(): UnixMillis;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => unixMillis(Date.now()) };
