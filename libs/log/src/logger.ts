import type { Clock, Timers } from '@keyserver/time';
import { pino } from 'pino';
import {
  type CloudTrace,
  LEVEL_NUMBERS,
  TRACE_FIELD,
  severityField,
  timeField,
} from './cloud-format.ts';
import { type EventSums, eventSums } from './event-sums.ts';
import { type EventName, type Events, SEVERITY, type Severity } from './events.ts';
import type { RequestId } from './field-types.ts';
import type { ServiceName } from './words.ts';

/** How much is logged: events below the level are left out. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

/** The levels in rising order, for a service's settings. */
export const LOG_LEVELS = ['debug', 'info', 'warning', 'error'] as const;

/** Writes events of the closed catalogue; there is no way to write anything else. */
export interface Logger {
  event<N extends EventName>(name: N, fields: Events[N]): void;
  /** The same log for the lines of one request. */
  child(options: {
    readonly requestId: RequestId;
    readonly trace?: CloudTrace | undefined;
  }): Logger;
}

/** The log of a process, which owes a line for what it has counted. */
export interface ProcessLog extends Logger {
  /** Writes the sums of events that got no line of their own; to be called before the process ends. */
  flush(): void;
}

/** How a log is written. */
export interface LogParts {
  readonly service: ServiceName;
  /** Takes one whole line, its line feed included; must not throw. */
  readonly write: (line: string) => void;
  readonly clock: Clock;
  readonly level?: LogLevel;
  readonly timers: Timers;
}

/**
 * A log of one JSON line for each event, as Cloud Logging reads them. Of events that anybody may cause at will, only the
 * first of each kind and minute get a line; the others are counted in one line at its end.
 */
export function createLogger(options: LogParts): ProcessLog {
  const root = linesOf(options);
  const sums = eventSums((sum) => {
    writeEvent(root, 'log.events_summed', sum);
  }, options.timers);
  const flush = (): void => {
    sums.flush();
  };
  return { ...loggerOver(root, sums), flush };
}

const linesOf = (options: Omit<LogParts, 'timers'>): pino.Logger<Severity> =>
  pino<Severity>(
    {
      base: { service: options.service },
      level: options.level ?? 'info',
      customLevels: LEVEL_NUMBERS,
      useOnlyCustomLevels: true,
      messageKey: 'message',
      timestamp: () => timeField(options.clock.now()),
      formatters: { level: severityField },
    },
    { write: options.write },
  );

function loggerOver(lines: pino.Logger<Severity>, sums: EventSums): Logger {
  return {
    event: (name, fields) => {
      // What the level leaves out is not counted either.
      if (!lines.isLevelEnabled(SEVERITY[name])) return;
      if (sums.admits(name, fields)) writeEvent(lines, name, fields);
    },
    child: ({ requestId, trace }) =>
      loggerOver(
        lines.child({ requestId, ...(trace === undefined ? {} : { [TRACE_FIELD]: trace }) }),
        sums,
      ),
  };
}

function writeEvent<N extends EventName>(
  lines: pino.Logger<Severity>,
  name: N,
  fields: Events[N],
): void {
  const line: object = fields;
  lines[SEVERITY[name]](line, name);
}

/** The line of one event, for an output that is no log. */
export function eventLine<N extends EventName>(
  options: Pick<LogParts, 'service' | 'clock'>,
  name: N,
  fields: Events[N],
): string {
  let line = '';
  const write = (text: string): void => {
    line = text;
  };
  writeEvent(linesOf({ ...options, write, level: 'debug' }), name, fields);
  return line;
}
