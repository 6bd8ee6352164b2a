import { simulatedClock, unixMillis, systemTimers } from '@keyserver/time';
import type { EventName } from '../events.ts';
import { type Logger, createLogger } from '../logger.ts';

/** One line of a recorded log, parsed. */
export interface LoggedEvent {
  readonly message: EventName;
  readonly severity: string;
  readonly [field: string]: unknown;
}

/** A real log that keeps its lines. */
export interface RecordingLog {
  readonly log: Logger;
  /** The lines as they were written. */
  readonly lines: readonly string[];
  /** The lines parsed; with a name, only those of that event. */
  events(name?: EventName): readonly LoggedEvent[];
}

/** A log at the lowest level that keeps every line for a test to look at. */
export function recordingLog(): RecordingLog {
  const lines: string[] = [];
  const log = createLogger({
    timers: systemTimers,
    service: 'launcher',
    write: (line) => lines.push(line),
    clock: simulatedClock(unixMillis(1_700_000_000_000)),
    level: 'debug',
  });
  const events = (name?: EventName): readonly LoggedEvent[] =>
    lines
      .map((line) => JSON.parse(line) as LoggedEvent)
      .filter((event) => name === undefined || event.message === name);
  return { log, lines, events };
}
