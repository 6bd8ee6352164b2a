import { type Logger, type ServiceName, createLogger } from '@keyserver/log';
import type { Clock } from '@keyserver/time';
import { join } from 'node:path';
import { openLogFile } from './log-file.ts';
import { problemLine } from './problem-line.ts';

/** Where the logs of the launcher and its services go: whole to files, problems also to the screen. */
export interface LaunchLogs {
  /** The launcher's own log. */
  readonly log: Logger;
  /** Takes whole lines of a service's log. */
  readonly lineTaker: (service: ServiceName) => (lines: string) => void;
  /** Takes what a service says when it cannot start. */
  readonly saidBy: (service: ServiceName) => (lines: string) => void;
  close(): void;
}

/** Opens the logs below a data directory. */
export function launchLogs(
  dataDirectory: string,
  print: (line: string) => void,
  clock: Clock,
): LaunchLogs {
  const files = new Map<ServiceName, ReturnType<typeof openLogFile>>();
  const fileOf = (service: ServiceName): ReturnType<typeof openLogFile> => {
    const file = files.get(service) ?? openLogFile(join(dataDirectory, 'logs', `${service}.log`));
    files.set(service, file);
    return file;
  };
  const lineTaker = (service: ServiceName) => (lines: string) => {
    fileOf(service).write(lines);
    for (const line of lines.split('\n')) {
      const problem = problemLine(line);
      if (problem !== undefined) print(problem);
    }
  };
  return {
    log: createLogger({ service: 'launcher', write: lineTaker('launcher'), clock }),
    lineTaker,
    saidBy: (service) => (lines) => {
      fileOf(service).write(lines);
      print(lines.trimEnd());
    },
    close: () => {
      for (const file of files.values()) file.close();
    },
  };
}
