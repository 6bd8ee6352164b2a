import { type ServiceName, createLogger } from '@keyserver/log';
import { type Random, systemRandom } from '@keyserver/random';
import type { Ambient } from '@keyserver/service';
import { type Clock, systemClock, systemTimers } from '@keyserver/time';

/** The time, chance and log that a test starts a service with. */
export interface TestAmbient extends Ambient {
  /** The lines of the log so far; a test may empty it. */
  readonly lines: string[];
}

/** The machine's own time and chance, unless others are given, and a log that is kept in memory. */
export function testAmbient(
  service: ServiceName,
  { clock = systemClock, random = systemRandom }: Partial<TimeAndChance> = {},
): TestAmbient {
  const lines: string[] = [];
  const machine = { clock, timers: systemTimers, random };
  return {
    ...machine,
    lines,
    openLog: (level) =>
      createLogger({ ...machine, service, level, write: (line) => lines.push(line) }),
    logHealth: () => Promise.resolve(),
  };
}

interface TimeAndChance {
  readonly clock: Clock;
  readonly random: Random;
}
