import { type Logger, type ServiceName, type TextStream, createLogger } from '@keyserver/log';
import type { Clock, Timers } from '@keyserver/time';
import { problemLine } from './problem-line.ts';
import { openScreen } from './screen.ts';
import { type ServiceFiles, serviceFiles } from './service-files.ts';

/** Where the logs of the launcher and its services go: whole to files, problems also to files of their own and the screen. */
export interface LaunchLogs {
  /** The launcher's own log. */
  readonly log: Logger;
  /** Takes whole lines of a service's log. */
  readonly lineTaker: (service: ServiceName) => (lines: string) => void;
  /** Takes what a service says outside its log, such as why it cannot start. */
  readonly saidBy: (service: ServiceName) => (lines: string) => void;
  /** Shows a line on the screen. */
  readonly print: (line: string) => void;
  /** Whether no line of a service is being lost. */
  readonly areKept: (service: ServiceName) => boolean;
  readonly close: () => void;
}

/** Opens the logs below a data directory. Nothing that befalls a file or the screen stops anything else. */
export function launchLogs(of: {
  readonly dataDirectory: string;
  readonly screen: TextStream;
  readonly clock: Clock;
  /** Told when lines of a service begin to be lost, and when they are kept again. */
  readonly onChange: (service: ServiceName) => void;
  readonly timers: Timers;
}): LaunchLogs {
  const { dataDirectory, clock, onChange, timers } = of;
  const files = new Map<ServiceName, ServiceFiles>();
  const filesOf = (service: ServiceName): ServiceFiles => {
    const parts = { dataDirectory, clock, timers, print: screen.print, note, onChange };
    const found = files.get(service) ?? serviceFiles(service, parts);
    files.set(service, found);
    return found;
  };
  // To files alone: the screen is told in a sentence, or is what cannot be written.
  const note = (line: string): void => {
    const { all, problems } = filesOf('launcher');
    all.write(line);
    problems.write(line);
  };
  const screen = openScreen({ stream: of.screen, clock, timers, note });
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
    saidBy: (service) => (lines) => {
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
