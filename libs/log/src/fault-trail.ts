import { Fault, type FaultDetails } from '@keyserver/fault';
import { types } from 'node:util';

/** The class name of an error, when it has a proper one. */
type ErrorClass = (string & { readonly __kind: 'error class' }) | 'Unknown';

/** The code of a system error, such as ECONNREFUSED, or that of one of our own faults. */
type ErrorCode = string & { readonly __kind: 'error code' };

/** Where in the source an error was made: file and line. */
type Frame = string & { readonly __kind: 'frame' };

/** One error as it may be logged: its message is left out, because it may carry what a client sent. */
export interface FaultCause {
  readonly class: ErrorClass;
  readonly code?: ErrorCode;
  /** What a fault of ours knows of what failed below it. */
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

// Codes of Node and SQLite are upper case, those of our own faults lower case.
function codeOf(error: Error): ErrorCode | undefined {
  const code = 'code' in error ? error.code : undefined;
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

/** The name that a database, the system or a protocol has for what happened: SQLITE_CORRUPT, ENOSPC, PERMISSION_DENIED. */
type DetailCode = string & { readonly __kind: 'detail code' };

/** The sentence that always goes with one of the numbers. */
type FixedText = string & { readonly __kind: 'fixed text' };

/** The name of a collection, table, index, bucket, object or key. */
type PartName = string & { readonly __kind: 'part name' };

/** The path of a file, or the name of a database. */
type PartPath = string & { readonly __kind: 'part path' };

/** What a fault of ours says about what failed below it: fixed words, and names that an operator or this code gave. */
interface FaultDetail {
  readonly code?: DetailCode;
  readonly number?: number;
  readonly text?: FixedText;
  readonly object?: PartName;
  readonly path?: PartPath;
}

const isDetailCode = (value: unknown): value is DetailCode =>
  typeof value === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(value);
const isFixedText = (value: unknown): value is FixedText =>
  typeof value === 'string' && /^[A-Za-z][A-Za-z /',-]{1,79}$/.test(value);
const isPartName = (value: unknown): value is PartName =>
  typeof value === 'string' && /^[\w.:@/#-]{1,300}$/.test(value);
const isPartPath = (value: unknown): value is PartPath =>
  typeof value === 'string' && /^[^\p{C}"<>|?*]{1,500}$/u.test(value);
const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value);

/**
 * The details of a fault that this code has thrown; what does not look like one is left out. Errors of others are not asked:
 * what they carry may come from a client.
 */
function faultDetail(error: Error): FaultDetail | undefined {
  if (!(error instanceof Fault)) return undefined;
  const detail = printable(error.details);
  return Object.keys(detail).length === 0 ? undefined : detail;
}

function printable({ code, number, text, object, path }: FaultDetails): FaultDetail {
  return {
    ...(isDetailCode(code) ? { code } : {}),
    ...(isNumber(number) ? { number } : {}),
    ...(isFixedText(text) ? { text } : {}),
    ...(isPartName(object) ? { object } : {}),
    ...(isPartPath(path) ? { path } : {}),
  };
}
