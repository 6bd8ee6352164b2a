import { types } from 'node:util';
import { type FaultDetail, faultDetail } from './fault-details.ts';

/** The class name of an error, when it has a proper one. */
type ErrorClass = (string & { readonly __kind: 'error class' }) | 'Unknown';

/** The code of a system error, such as ECONNREFUSED, or the reason of one of our own faults. */
type ErrorCode = string & { readonly __kind: 'error code' };

/** Where in the source an error was made: file and line. */
type Frame = string & { readonly __kind: 'frame' };

/** One error as it may be logged: its message is left out, because it may carry what a client sent. */
export interface FaultCause {
  readonly class: ErrorClass;
  readonly code?: ErrorCode;
  /** What a fault of ours knows of the engine that failed. */
  readonly detail?: FaultDetail;
  readonly at: readonly Frame[];
}

const MAX_CAUSES = 5;
const MAX_FRAMES = 8;
const FILE = /(?:^|[\s(/])((?:libs|services|tools|bench|test|node_modules)\/[\w@./-]+|node:[\w/]+)/;
const LINE = /:([0-9]+):[0-9]+\)?$/;

// What Node's own modules throw is an Error of another realm where tests run.
const isError = (fault: unknown): fault is Error =>
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- what is to replace it, Error.isError, has no type in ES2023
  fault instanceof Error || types.isNativeError(fault);
const isErrorClass = (text: string): text is ErrorClass => /^[A-Z][A-Za-z0-9]{0,63}$/.test(text);
const isErrorCode = (text: string): text is ErrorCode =>
  /^([A-Z][A-Z0-9_]{1,63}|[a-z][a-z_]{1,31})$/.test(text);
const isFrame = (text: string): text is Frame => /^[\w@./:-]+:[0-9]+$/.test(text);

/** An error and its causes, outermost first, as classes, codes and frames. */
export function faultTrail(fault: unknown): readonly FaultCause[] {
  const trail: FaultCause[] = [];
  for (let error = fault; trail.length < MAX_CAUSES; error = error.cause) {
    if (!isError(error)) {
      if (error !== undefined || trail.length === 0) trail.push({ class: 'Unknown', at: [] });
      break;
    }
    trail.push(causeOf(error));
  }
  return trail;
}

function causeOf(error: Error): FaultCause {
  const code = codeOf(error);
  const detail = faultDetail(error);
  return {
    class: classOf(error),
    ...(code === undefined ? {} : { code }),
    ...(detail === undefined ? {} : { detail }),
    at: framesOf(error),
  };
}

const classOf = ({ name }: Error): ErrorClass => (isErrorClass(name) ? name : 'Unknown');

// Codes of Node and SQLite are upper case; `reason` is a word of our own only on the errors that we call faults.
function codeOf(error: Error): ErrorCode | undefined {
  const own = error.name.endsWith('Fault') && 'reason' in error ? error.reason : undefined;
  const code = own ?? ('code' in error ? error.code : undefined);
  return typeof code === 'string' && isErrorCode(code) ? code : undefined;
}

// A message may contain lines that look like frames, so the frames are what follows the message, or nothing.
function framesOf(error: Error): readonly Frame[] {
  const { stack = '', message } = error;
  const from = stack.indexOf(message);
  if (from < 0) return [];
  const lines = stack.slice(from + message.length).split('\n');
  return lines.map(frameOf).filter(isFrame).slice(0, MAX_FRAMES);
}

function frameOf(line: string): string {
  const place = line.trim();
  return `${FILE.exec(place)?.[1] ?? ''}:${LINE.exec(place)?.[1] ?? ''}`;
}
