import { InvalidArgumentError } from 'commander';
import { CommandFault } from './command-fault.ts';

/** Reads an option that is a whole number within bounds. */
export const wholeNumber =
  (bounds: { readonly min: number; readonly max: number }): ((text: string) => number) =>
  (text) => {
    const n = /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : Number.NaN;
    if (n >= bounds.min && n <= bounds.max) return n;
    throw new InvalidArgumentError(`must be a whole number from ${bounds.min} to ${bounds.max}`);
  };

const HTTP_ADDRESS = 'must be an http or https address without a user or password';

/** Reads an option that is an http or https address. */
export function httpUrl(text: string): URL {
  const url = plainAddress(text);
  if (url === undefined) throw new InvalidArgumentError(HTTP_ADDRESS);
  return url;
}

/** Reads an argument that is an http or https address. */
export function addressOf(text: string): URL {
  const url = plainAddress(text);
  if (url === undefined) throw new CommandFault(`${text} ${HTTP_ADDRESS}`);
  return url;
}

function plainAddress(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url === null || !isHttp(url)) return undefined;
  return url.username === '' && url.password === '' ? url : undefined;
}

/** Whether an address is one that these commands fetch. */
export const isHttp = (url: URL): boolean => url.protocol === 'https:' || url.protocol === 'http:';

/** Reads an option that is a region, in any letter case. */
export function region(text: string): string {
  if (/^[A-Za-z0-9-]{1,20}$/.test(text)) return text.toUpperCase();
  throw new InvalidArgumentError('must be 1 to 20 letters, digits and "-"');
}
