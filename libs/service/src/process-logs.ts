import {
  type LineOutput,
  type LogLevel,
  type Logger,
  type ProcessLog,
  type ServiceName,
  type TextStream,
  attemptOn,
  createLogger,
  eventLine,
  faultTrail,
  lineOutput,
} from '@keyserver/log';
import type { Clock, Timers } from '@keyserver/time';
import { HealthFault, type HealthProbe } from './health.ts';

/** What logs need of a process. */
export interface LoggingProcess {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Hears the launcher, which keeps the lines of its services in files. */
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

/** All logs of a service process, over its one output. Nothing that befalls the output ends the process. */
export interface ProcessLogs {
  readonly open: (level: LogLevel) => Logger;
  /** Fails while lines are being lost. */
  readonly health: HealthProbe;
  /** Says one sentence outside the log, to whoever started the process. */
  readonly say: (sentence: string) => void;
  /** Writes what the logs still owe: sums, and how many lines were lost. */
  readonly flush: () => void;
}

/** The logs of a service over the output of its process. */
export function processLogs(
  name: ServiceName,
  host: LoggingProcess,
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
): ProcessLogs {
  const sayOn = attemptOn(host.stderr);
  const say = (sentence: string): void => {
    sayOn(`${sentence}\n`, () => undefined); // when nobody hears it, nothing is left to tell
  };
  const output = outputOf(name, { host, clock, timers, say });
  const lines = gathering(output.write);
  const logs: ProcessLog[] = [];
  let isKept = true;
  host.on('message', (message) => {
    if (isLogState(message)) isKept = message.logIsKept;
  });
  return {
    open: (level) => {
      const log = createLogger({ service: name, write: lines.write, clock, timers, level });
      logs.push(log);
      return log;
    },
    health: async () => {
      await Promise.resolve();
      if (output.isLosing() || !isKept)
        throw new HealthFault('log_unwritable', 'lines of the log are being lost');
    },
    say,
    flush: () => {
      for (const log of logs) log.flush();
      lines.flush();
      output.close();
    },
  };
}

/** Characters that are gathered before they are written all the same. */
const MOST_GATHERED = 16_384;

/**
 * Writes a line at once, and gathers those that follow until a turn of the event loop brings none: each write is a call of the
 * system, and under load there are lines in each turn.
 */
function gathering(write: (lines: string) => void): {
  readonly write: (line: string) => void;
  readonly flush: () => void;
} {
  let gathered = '';
  let isGathering = false;
  let hasNew = false;
  const flush = (): void => {
    if (gathered !== '') write(gathered);
    gathered = '';
  };
  const lookAfterTurn = (): void => {
    if (!hasNew || gathered.length > MOST_GATHERED) flush();
    isGathering = hasNew;
    if (hasNew) setImmediate(lookAfterTurn);
    hasNew = false;
  };
  return {
    flush,
    write: (line) => {
      if (isGathering) {
        gathered += line;
        hasNew = true;
        return;
      }
      isGathering = true;
      setImmediate(lookAfterTurn);
      write(line);
    },
  };
}

function outputOf(
  name: ServiceName,
  options: {
    readonly host: LoggingProcess;
    readonly clock: Clock;
    readonly timers: Timers;
    readonly say: (sentence: string) => void;
  },
): LineOutput {
  const { host, clock, timers, say } = options;
  const event = { log: name, output: 'stdout' } as const;
  return lineOutput({
    timers,
    attempt: attemptOn(host.stdout),
    onLoss: (fault) => {
      const code = faultTrail(fault)[0]?.code ?? 'for an unknown reason';
      say(`${name} cannot write its log (${code}); it goes on, and counts the lines that are lost`);
    },
    onRecovery: (lost) => {
      say(`${name} writes its log again; ${lost} lines are missing`);
    },
    lossLine: (lost) => eventLine({ service: name, clock }, 'log.writable', { ...event, lost }),
  });
}

/** What a launcher tells a service: whether the lines of its log are kept. */
export interface LogState {
  readonly logIsKept: boolean;
}

const isLogState = (message: unknown): message is LogState =>
  typeof message === 'object' &&
  message !== null &&
  'logIsKept' in message &&
  typeof message.logIsKept === 'boolean';
