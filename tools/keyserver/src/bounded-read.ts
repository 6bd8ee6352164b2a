import { readFile, stat } from 'node:fs/promises';
import { within } from '@keyserver/retry';
import type { Timers } from '@keyserver/time';
import { CommandFault, codeOf, reasonOf } from './command-fault.ts';
import { isHttp } from './options.ts';

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

const MAX_REDIRECTS = 5;
const DEADLINE_MS = 60_000;
const REDIRECTS = [301, 302, 303, 307, 308];

/** Fetches a document over http or https: at most `maxBytes`, a minute and five redirects; anything else is a CommandFault. */
export async function download(url: URL, maxBytes: number, timers: Timers): Promise<Uint8Array> {
  try {
    return await within({ ms: DEADLINE_MS, timers }, async (signal) => {
      const response = await follow(url, signal);
      if (response.status !== 200)
        throw new CommandFault(`${url.href} answered ${response.status}`);
      return await readBounded(response, maxBytes, url);
    });
  } catch (error) {
    throw error instanceof CommandFault
      ? error
      : new CommandFault(`cannot fetch ${url.href}: ${reasonOf(error)}`);
  }
}

async function follow(start: URL, signal: AbortSignal): Promise<Response> {
  let url = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    if (!isHttp(url))
      throw new CommandFault(`${start.href} leads to an address that is not http or https`);
    const response = await fetch(url, { signal, redirect: 'manual' });
    const location = REDIRECTS.includes(response.status) ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    const next = URL.parse(location, url.href);
    if (next === null) throw new CommandFault(`${start.href} leads to a broken address`);
    url = next;
  }
  throw new CommandFault(`${start.href} redirects more than ${MAX_REDIRECTS} times`);
}

/** Reads the body of an answer, and gives up as soon as it is longer than allowed. */
export async function readBounded(
  response: Response,
  maxBytes: number,
  url: URL,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const piece of body ?? []) {
    size += piece.length;
    if (size > maxBytes) throw new CommandFault(`${url.href} gives more than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
