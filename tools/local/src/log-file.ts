import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A log file that never grows past a bound: the full one is kept once, the one before it is dropped. */
export interface LogFile {
  /** Takes whole lines. They are on the file when it returns, so a crash loses none. */
  write(lines: string): void;
  close(): void;
}

const BOUND = 10 * 1024 * 1024;

/** Opens a log file to append to. */
export function openLogFile(path: string, bound = BOUND): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  let file = openSync(path, 'a');
  let size = fstatSync(file).size;
  const turn = (): void => {
    closeSync(file);
    renameSync(path, `${path}.1`);
    file = openSync(path, 'a');
    size = 0;
  };
  return {
    write: (lines) => {
      const bytes = Buffer.from(lines);
      if (size > 0 && size + bytes.length > bound) turn();
      writeSync(file, bytes);
      size += bytes.length;
    },
    close: () => {
      closeSync(file);
    },
  };
}
