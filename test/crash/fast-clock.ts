import { type Clock, systemClock, unixMillis } from '@keyserver/time';

/** A clock that runs `speed` times as fast as the machine's, so that the long waits of a cloud pass in a test. */
export const fastClock = (origin: number, speed: number): Clock => ({
  now: () => unixMillis(Math.round(origin + (systemClock.now() - origin) * speed)),
});
