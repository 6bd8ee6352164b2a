import type { Clock } from '@keyserver/time';
import { pino } from 'pino';
import {
  type CloudTrace,
  LEVEL_NUMBERS,
  TRACE_FIELD,
  severityField,
  timeField,
} from './cloud-format.ts';
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
  child(of: { readonly requestId: RequestId; readonly trace?: CloudTrace | undefined }): Logger;
}

/** A log of one JSON line for each event, as Cloud Logging reads them. */
export function createLogger(of: {
  readonly service: ServiceName;
  /** Takes one whole line, its line feed included. */
  readonly write: (line: string) => void;
  readonly clock: Clock;
  readonly level?: LogLevel;
}): Logger {
  const { service, write, clock, level = 'info' } = of;
  const root = pino<Severity>(
    {
      base: { service },
      level,
      customLevels: LEVEL_NUMBERS,
      useOnlyCustomLevels: true,
      messageKey: 'message',
      timestamp: () => timeField(clock.now()),
      formatters: { level: severityField },
    },
    { write },
  );
  return loggerOver(root);
}

function loggerOver(lines: pino.Logger<Severity>): Logger {
  return {
    event: (name, fields) => {
      const line: object = fields;
      lines[SEVERITY[name]](line, name);
    },
    child: ({ requestId, trace }) =>
      loggerOver(
        lines.child({ requestId, ...(trace === undefined ? {} : { [TRACE_FIELD]: trace }) }),
      ),
  };
}
