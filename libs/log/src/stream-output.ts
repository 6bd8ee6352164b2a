import type { LineOutputParts } from './line-output.ts';

/** What lines are written to in a process; `process.stdout` is one. */
export interface TextStream {
  /** Bytes that wait for a slow reader. */
  readonly writableLength: number;
  write(text: string, done: (fault?: Error | null) => void): unknown;
  on(event: 'error', listener: (fault: Error) => void): unknown;
}

/** The reader of a stream takes nothing, and what waits for it must not grow without bound. */
class ReaderStuck extends Error {
  override readonly name = 'ReaderStuck';
}

const MOST_WAITING = 4 * 1024 * 1024;

/** Writes to a stream. From then on its faults end no process: each write is told of its own. */
export function attemptOn(stream: TextStream): LineOutputParts['attempt'] {
  stream.on('error', () => undefined); // the same fault comes to the write that met it
  return (lines, done) => {
    if (stream.writableLength > MOST_WAITING) throw new ReaderStuck('nobody reads this output');
    stream.write(lines, done);
  };
}
