import {
  type LineOutput,
  type ServiceName,
  eventLine,
  faultTrail,
  lineOutput,
} from '@keyserver/log';
import type { Clock, Timers } from '@keyserver/time';
import { join } from 'node:path';
import { openLogFile } from './log-file.ts';

/** The log files of one service. */
export interface ServiceFiles {
  /** Every line. */
  readonly all: LineOutput;
  /** Once more the lines that tell of a problem: no flood of other lines can displace them here. */
  readonly problems: LineOutput;
  /** Whether no line is being lost. */
  readonly areKept: () => boolean;
  readonly close: () => void;
}

/** What log files are written with, and who is told when they cannot be written. */
export interface ServiceFilesParts {
  readonly dataDirectory: string;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Shows a sentence on the screen. */
  readonly print: (sentence: string) => void;
  /** Takes an event for the launcher's own log. */
  readonly note: (line: string) => void;
  /** Told when lines begin to be lost, and when they are kept again. */
  readonly onChange: (service: ServiceName) => void;
}

/** Opens the log files of a service, which outlive a full disk. */
export function serviceFiles(service: ServiceName, parts: ServiceFilesParts): ServiceFiles {
  const all = fileOutput(service, `${service}.log`, parts);
  const problems = fileOutput(service, `${service}.problems.log`, parts);
  return {
    ...{ all, problems },
    areKept: () => !all.isLosing() && !problems.isLosing(),
    close: () => {
      all.close();
      problems.close();
    },
  };
}

function fileOutput(service: ServiceName, name: string, parts: ServiceFilesParts): LineOutput {
  const { dataDirectory, clock, timers, print, note, onChange } = parts;
  const path = join(dataDirectory, 'logs', name);
  const file = openLogFile(path);
  const of = { service: 'launcher', clock } as const;
  const event = { log: service, output: 'file' } as const;
  const output = lineOutput({
    timers,
    attempt: (lines, done) => {
      file.write(lines);
      done();
    },
    onLoss: (fault) => {
      const causes = faultTrail(fault);
      note(eventLine(of, 'log.unwritable', { ...event, causes }));
      print(`The log ${path} cannot be written (${whyOf(causes)}). Everything else goes on.`);
      onChange(service);
    },
    onRecovery: (lost) => {
      print(`The log ${path} is written again; it lacks ${lost} lines.`);
      onChange(service);
    },
    lossLine: (lost) => eventLine(of, 'log.writable', { ...event, lost }),
  });
  const close = (): void => {
    output.close();
    file.close();
  };
  return { ...output, close };
}

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'this user may not write it',
  EISDIR: 'it is a directory',
};

function whyOf(causes: ReturnType<typeof faultTrail>): string {
  const code = causes[0]?.code ?? 'for an unknown reason';
  return WORDS[code] ?? code;
}
