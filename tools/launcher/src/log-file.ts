import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** A log file that never grows past a bound: the full one is kept once, the one before it is dropped. */
export interface LogFile {
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
