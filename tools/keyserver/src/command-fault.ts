import { Fault } from '@keyserver/fault';

/** Why a command ends without doing its work, or what it found: one sentence for people, and the exit code. */
export class CommandFault extends Fault<'found' | 'cannot'> {
  readonly exitCode: number;
  constructor(sentence: string, exitCode = CANNOT, options?: ErrorOptions) {
    super(exitCode === CANNOT ? 'cannot' : 'found', sentence, options);
    this.exitCode = exitCode;
  }
}

/** The exit code of a check that found something wrong, or of a server's refusal. */
export const FOUND = 1;

/** The exit code of a command that could not be carried out. */
export const CANNOT = 2;

/** One line about any error, fit for a person and a terminal: never a stack, never more than a line, nothing that moves a cursor. */
export function sentenceOf(error: unknown): string {
  const message = fieldOf(error, 'message');
  const text = typeof message === 'string' ? message : String(error);
  const line = text.split('\n', 1).join('').trim().replaceAll(/\p{C}/gu, '?');
  return line === '' ? 'something unexpected went wrong' : line;
}

/** The system's code of an error, such as ENOENT; undefined when it has none. */
export function codeOf(error: unknown): string | undefined {
  const code = fieldOf(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** Why a request failed: fetch hides the reason, such as a refused connection, in the cause. */
export function reasonOf(error: unknown): string {
  const cause = fieldOf(error, 'cause');
  return cause === undefined ? sentenceOf(error) : (codeOf(cause) ?? sentenceOf(cause));
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
