import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type LineOutput,
  type ServiceName,
  eventLine,
  faultTrail,
  lineOutput,
} from '@keyserver/log';
import type { Clock, Timers } from '@keyserver/time';

/** The log files of one service. */
export interface ServiceFiles {
  /** Every line. */
  readonly all: LineOutput;
  /** The lines that tell of a problem, once more. Here no flood of other lines can displace them. */
  readonly problems: LineOutput;
  /** Whether no line is being lost. */
  readonly areKept: () => boolean;
  readonly close: () => void;
}

/** What log files are written with, and who is told when they cannot be written. */
interface ServiceFilesParts {
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
  const launcher = { service: 'launcher', clock } as const;
  const event = { log: service, output: 'file' } as const;
  const output = lineOutput({
    timers,
    attempt: (lines, done) => {
      file.write(lines);
      done();
    },
    onLoss: (fault) => {
      const causes = faultTrail(fault);
      note(eventLine(launcher, 'log.unwritable', { ...event, causes }));
      print(`The log ${path} cannot be written (${whyOf(causes)}). Everything else goes on.`);
      onChange(service);
    },
    onRecovery: (lost) => {
      print(`The log ${path} is written again; it lacks ${lost} lines.`);
      onChange(service);
    },
    lossLine: (lost) => eventLine(launcher, 'log.writable', { ...event, lost }),
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

/** A log file that never grows past a bound: the full one is kept once, the one before it is dropped. */
interface LogFile {
  /** Takes whole lines. They are on the file when it returns, so a crash loses none. When it throws, none is there. */
  write(lines: string): void;
  close(): void;
}

const BOUND = 10 * 1024 * 1024;

interface OpenFile {
  readonly descriptor: number;
  size: number;
}

/** A log file to append to; it is opened when it is first written, and again after every failure. */
export function openLogFile(path: string, bound = BOUND): LogFile {
  let file: OpenFile | undefined;
  const close = (): void => {
    if (file !== undefined) closeSync(file.descriptor);
    file = undefined;
  };
  const opened = (): OpenFile => (file ??= openToAppend(path));
  return {
    close,
    write: (lines) => {
      const bytes = Buffer.from(lines);
      try {
        if (opened().size > 0 && opened().size + bytes.length > bound) {
          close();
          renameSync(path, `${path}.1`);
        }
        append(opened(), bytes);
      } catch (fault) {
        close(); // whoever mends it may put another file in its place
        throw fault;
      }
    },
  };
}

function openToAppend(path: string): OpenFile {
  mkdirSync(dirname(path), { recursive: true });
  const descriptor = openSync(path, 'a');
  return { descriptor, size: fstatSync(descriptor).size };
}

function append(file: OpenFile, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(file.descriptor, bytes, at);
  } catch (fault) {
    cutBack(file);
    throw fault;
  }
  file.size += bytes.length;
}

// A disk that becomes full takes the beginning of a line: without this the next one would be joined to it.
function cutBack({ descriptor, size }: OpenFile): void {
  try {
    ftruncateSync(descriptor, size);
  } catch {
    // A device cannot be cut; the fault that led here is the one to tell.
  }
}
