import { systemRandom } from '@keyserver/random';
import { systemClock, systemTimers } from '@keyserver/time';

/** The real time and chance, for tests that are about neither. */
export const machine = { clock: systemClock, timers: systemTimers, random: systemRandom };
