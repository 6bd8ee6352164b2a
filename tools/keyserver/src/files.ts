import { readFile, stat } from 'node:fs/promises';
import { CommandFault, codeOf } from './failure.ts';

/** The content of a file of at most `maxBytes`; a CommandFault when there is none. */
export async function readSmallFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const found = await stat(path).catch(cannotRead(path));
  if (!found.isFile()) throw new CommandFault(`${path} is not a file`);
  if (found.size > maxBytes) throw new CommandFault(`${path} is longer than ${maxBytes} bytes`);
  return await readFile(path).catch(cannotRead(path));
}

/** The text of a small file, which must be UTF-8. */
export async function readTextFile(path: string, maxBytes: number): Promise<string> {
  const content = await readSmallFile(path, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new CommandFault(`${path} is not UTF-8 text`);
  }
}

function cannotRead(path: string): (error: unknown) => never {
  return (error) => {
    const code = codeOf(error) ?? '';
    throw new CommandFault(`cannot read ${path}: ${CODES[code] ?? code}`);
  };
}

const CODES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
};
