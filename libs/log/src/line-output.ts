import { Fault } from '@keyserver/fault';
import { MINUTE, SECOND, type Timers } from '@keyserver/time';

/** Takes lines and never throws: what cannot be written is counted, and everything else goes on. */
export interface LineOutput {
  /** Takes whole lines, line feeds included. */
  readonly write: (lines: string) => void;
  /** Whether lines are being lost now. */
  readonly isLosing: () => boolean;
  /** Says a last time how many lines were lost, if it can; nothing is tried after that. */
  readonly close: () => void;
}

/** What a line output writes to, and who is told when that begins to fail and when it works again. */
interface LineOutputParts {
  /** Writes lines and says how it went, at once or later. It may throw instead. */
  readonly attempt: (lines: string, done: (fault?: unknown) => void) => void;
  readonly onLoss: (fault: unknown) => void;
  readonly onRecovery: (lost: number) => void;
  /** The line that tells in the output itself how many lines it lacks. */
  readonly lossLine: (lost: number) => string;
  readonly timers: Timers;
}

const FIRST_PAUSE = 5 * SECOND;
const LONGEST_PAUSE = MINUTE;
/** Once an output has worked for so long, the pauses begin anew. */
const STABLE_AFTER = MINUTE;

/**
 * An output over something that may fail: a file on a full disk, a reader that has gone. Once it has failed, it tries only
 * one line now and then: the one that says how many lines are missing. When that is written, all others are written again.
 * An output that fails on and off, as on a disk that is nearly full, reports it once a minute at most.
 */
export function lineOutput(parts: LineOutputParts): LineOutput {
  const { onLoss, onRecovery, lossLine, timers } = parts;
  const attempt = neverThrowing(parts.attempt);
  let lost: number | undefined;
  let trying = false;
  let pause = FIRST_PAUSE;
  let cancel = (): void => undefined;

  function lose(lines: number, fault: unknown): void {
    const begins = lost === undefined;
    lost = (lost ?? 0) + lines;
    if (!begins) return;
    cancel();
    tryLater();
    onLoss(fault);
  }

  function tryLater(): void {
    cancel = timers.after(pause, tryAgain, { unref: true });
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  }

  function tryAgain(): void {
    if (lost === undefined) return;
    const missing = lost;
    trying = true; // what is written meanwhile follows this line, and is lost or written as it is
    attempt(lossLine(missing), (fault) => {
      trying = false;
      if (isFault(fault)) tryLater();
      else recover(missing);
    });
  }

  function recover(missing: number): void {
    lost = undefined;
    const settle = (): void => {
      pause = FIRST_PAUSE;
    };
    cancel = timers.after(STABLE_AFTER, settle, { unref: true });
    onRecovery(missing);
  }

  return {
    write: (lines) => {
      if (lost !== undefined && !trying) lost += linesIn(lines);
      else
        attempt(lines, (fault) => {
          if (isFault(fault)) lose(linesIn(lines), fault);
        });
    },
    isLosing: () => lost !== undefined,
    close: () => {
      cancel();
      tryAgain();
      cancel();
    },
  };
}

const neverThrowing =
  (attempt: LineOutputParts['attempt']): LineOutputParts['attempt'] =>
  (lines, done) => {
    try {
      attempt(lines, done);
    } catch (fault) {
      done(fault);
    }
  };

// A stream says null when nothing went wrong.
const isFault = (fault: unknown): boolean => fault !== undefined && fault !== null;

const linesIn = (text: string): number => text.split('\n').length - 1;

/** What lines are written to in a process; `process.stdout` is one. */
export interface TextStream {
  /** Bytes that wait for a slow reader. */
  readonly writableLength: number;
  write(text: string, done: (fault?: Error | null) => void): unknown;
  on(event: 'error', listener: (fault: Error) => void): unknown;
}

/** The reader of a stream takes nothing, and what waits for it must not grow without bound. */
class OutputFault extends Fault<'reader_stuck'> {
  constructor(message: string, options?: ErrorOptions) {
    super('reader_stuck', message, options);
  }
}

const MOST_WAITING = 4 * 1024 * 1024;

/** Writes to a stream. From then on its faults end no process: each write is told of its own. */
export function attemptOn(stream: TextStream): LineOutputParts['attempt'] {
  stream.on('error', () => undefined); // the same fault comes to the write that met it
  return (lines, done) => {
    if (stream.writableLength > MOST_WAITING) throw new OutputFault('nobody reads this output');
    stream.write(lines, done);
  };
}
