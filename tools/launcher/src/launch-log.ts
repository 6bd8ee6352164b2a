import {
  type Logger,
  type ServiceName,
  type TextStream,
  attemptOn,
  createLogger,
  eventLine,
  faultTrail,
  lineOutput,
} from '@keyserver/log';
import type { Clock, Timers } from '@keyserver/time';
import { type ServiceFiles, serviceFiles } from './log-files.ts';

/** The logs of the launcher and its services. Every line goes to a file; problems also go to a second file and to the screen. */
export interface LaunchLogs {
  /** The launcher's own log. */
  readonly log: Logger;
  /** Takes whole lines of a service's log. */
  readonly lineTaker: (service: ServiceName) => (lines: string) => void;
  /** Takes the lines of a service's error stream, such as why it cannot start. */
  readonly stderrTaker: (service: ServiceName) => (lines: string) => void;
  /** Shows a line on the screen. */
  readonly print: (line: string) => void;
  /** Whether no line of a service is being lost. */
  readonly areKept: (service: ServiceName) => boolean;
  readonly close: () => void;
}

/** Opens the logs below a data directory. When a file or the screen cannot be written, everything else goes on. */
export function launchLogs(options: {
  readonly dataDirectory: string;
  readonly screen: TextStream;
  readonly clock: Clock;
  /** Told when lines of a service begin to be lost, and when they are kept again. */
  readonly onChange: (service: ServiceName) => void;
  readonly timers: Timers;
}): LaunchLogs {
  const { dataDirectory, clock, onChange, timers } = options;
  const files = new Map<ServiceName, ServiceFiles>();
  const filesOf = (service: ServiceName): ServiceFiles => {
    const parts = { dataDirectory, clock, timers, print: screen.print, note, onChange };
    const found = files.get(service) ?? serviceFiles(service, parts);
    files.set(service, found);
    return found;
  };
  // Only to files: such an event is about the screen, or is shown there as a sentence.
  const note = (line: string): void => {
    const { all, problems } = filesOf('launcher');
    all.write(line);
    problems.write(line);
  };
  const screen = openScreen({ stream: options.screen, clock, timers, note });
  const lineTaker = (service: ServiceName) => (lines: string) => {
    const { all, problems } = filesOf(service);
    all.write(lines);
    for (const line of lines.split('\n')) {
      const problem = problemLine(line);
      if (problem === undefined) continue;
      problems.write(`${line}\n`);
      screen.print(problem);
    }
  };
  const log = createLogger({ service: 'launcher', write: lineTaker('launcher'), clock, timers });
  return {
    ...{ log, lineTaker, print: screen.print },
    stderrTaker: (service) => (lines) => {
      const { all, problems } = filesOf(service);
      all.write(lines);
      problems.write(lines);
      screen.print(lines.trimEnd());
    },
    areKept: (service) => filesOf(service).areKept(),
    close: () => {
      log.flush();
      screen.close();
      for (const one of files.values()) one.close();
    },
  };
}

const WORTH_SHOWING = ['WARNING', 'ERROR', 'CRITICAL', 'ALERT'];
const NOT_SHOWN = ['severity', 'time', 'message', 'service', 'requestId', 'advice'];

/** A log line as one readable line for the screen; undefined when it tells of no problem. */
export function problemLine(logged: string): string | undefined {
  const entry = parse(logged);
  if (entry === undefined) return undefined;
  const severity = String(entry['severity']);
  if (!WORTH_SHOWING.includes(severity)) return undefined;
  const time = String(entry['time']).slice(11, 19);
  const fields = Object.entries(entry)
    .filter(([name]) => !NOT_SHOWN.includes(name))
    .map(([name, value]) => `${name}=${name === 'causes' ? causesText(value) : textOf(value)}`);
  const words = [time, severity, String(entry['service']), String(entry['message']), ...fields];
  const advice = entry['advice'];
  return `${words.join(' ')}${advice === undefined ? '' : `: ${textOf(advice)}`}`;
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

/** Why it happened, outermost first: class and code of each error, what is known of what failed below, and the first place in the source. */
function causesText(causes: unknown): string {
  if (!Array.isArray(causes)) return textOf(causes);
  return causes.map((cause: unknown) => `[${causeText(cause)}]`).join('');
}

function causeText(cause: unknown): string {
  if (!isEntry(cause)) return textOf(cause);
  const { class: name, code, detail, at } = cause;
  const details = isEntry(detail) ? Object.values(detail) : [];
  const place: unknown = Array.isArray(at) ? at[0] : undefined;
  return [name, code, ...details, place]
    .filter((word) => word !== undefined)
    .map(textOf)
    .join(' ');
}

function parse(logged: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const entry: unknown = JSON.parse(logged);
    return isEntry(entry) && 'severity' in entry ? entry : undefined;
  } catch {
    return undefined;
  }
}

const isEntry = (entry: unknown): entry is Readonly<Record<string, unknown>> =>
  typeof entry === 'object' && entry !== null;

/** Shows lines to whoever started the launcher. */
interface Screen {
  readonly print: (line: string) => void;
  readonly close: () => void;
}

/** A screen that may go away, as a closed terminal or a reader such as `head` does. `note` takes the event that says so. */
function openScreen(options: {
  readonly stream: TextStream;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly note: (line: string) => void;
}): Screen {
  const { stream, clock, timers, note } = options;
  const launcher = { service: 'launcher', clock } as const;
  const event = { log: 'launcher', output: 'screen' } as const;
  const output = lineOutput({
    timers,
    attempt: attemptOn(stream),
    onLoss: (fault) => {
      note(eventLine(launcher, 'log.unwritable', { ...event, causes: faultTrail(fault) }));
    },
    onRecovery: (lost) => {
      note(eventLine(launcher, 'log.writable', { ...event, lost }));
    },
    lossLine: (lost) => `${lost} lines could not be shown here. They are in the files in logs/.\n`,
  });
  return {
    close: output.close,
    print: (line) => {
      output.write(`${line}\n`);
    },
  };
}
