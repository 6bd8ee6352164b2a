import { InvalidArgumentError, Option } from 'commander';
import { CommandFault } from './command-fault.ts';

/** The end of a command's help: how the program may be called. */
export const exampleOf = (line: string): string => `\nExample:\n  $ keyserver ${line}`;

/** The option for the data directory of a server on one machine; `usual` is taken when it is not given. */
export const dataDirOption = (usual?: string): Option =>
  new Option('--data-dir <directory>', 'the data directory of a server on one machine').default(
    usual,
  );

/** An option for the address of what stands in for a service of Google's; `condition` says with which options it goes. */
export const standInOption = (name: string, what: string, condition: string): Option =>
  new Option(
    `--${name} <host:port>`,
    `${what} on this machine, with ${condition}; without credentials`,
  ).argParser(loopback);

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\]):[1-9]\d{0,4}$/;

/** Reads the address of a stand-in. Only this machine is called without credentials. */
function loopback(text: string): string {
  if (LOOPBACK.test(text)) return text;
  throw new InvalidArgumentError('must be a port of this machine, such as 127.0.0.1:8080');
}

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
