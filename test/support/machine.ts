import { type Random, systemRandom } from '@keyserver/random';
import { systemClock, systemTimers } from '@keyserver/time';

/** The real time and chance, for tests that are about neither. */
export const machine = { clock: systemClock, timers: systemTimers, random: systemRandom };

/** Chance of which the pauses between attempts come out as short as they can be. */
export const impatient: Random = { ...systemRandom, below: () => 0 };
