import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { KeySetProblem } from '@keyserver/health-authority';
import { DeadlineFault, within } from '@keyserver/retry';
import type { Timers } from '@keyserver/time';
import { AddressRefusal, isLoopback, isPublicAddress, lookupOnly } from './public-address.ts';

/** What an authority answered, or why there is nothing of it to read. */
export type FetchedKeySet =
  | { readonly kind: 'answer'; readonly body: Uint8Array }
  | { readonly kind: 'failed'; readonly problem: KeySetProblem };

/** Asks for an authority's keys once, until the signal ends it; then it rejects with the reason. */
export type FetchKeySet = (address: string, signal: AbortSignal) => Promise<FetchedKeySet>;

/** Far more than a hundred keys need. */
const MAX_BYTES = 64 * 1024;

/**
 * Fetches key sets over https from public addresses; `loopback` lets it ask this very machine too, also over http, to try
 * things out. It follows no redirects, takes 64 KiB at most, and gives up after `patience` ms. Nothing is kept
 * between two calls: no connection, no cookie.
 */
export function keySetFetcher(options: {
  readonly timers: Timers;
  readonly patience: number;
  readonly loopback: boolean;
}): FetchKeySet {
  const { timers, patience, loopback } = options;
  const mayBeAsked = (address: string): boolean =>
    isPublicAddress(address) || (loopback && isLoopback(address));
  return async (address, signal) => {
    const url = URL.parse(address);
    if (url === null || !isAllowed(url, { mayBeAsked, loopback })) return failed('address');
    try {
      return await within({ ms: patience, timers, signal }, async (cut) => {
        const response = await get(url, { lookup: lookupOnly(mayBeAsked), signal: cut });
        return await readAnswer(response);
      });
    } catch (fault) {
      signal.throwIfAborted();
      const problem = problemOf(fault);
      if (problem === undefined) throw fault;
      return failed(problem);
    }
  };
}

const failed = (problem: KeySetProblem): FetchedKeySet => ({ kind: 'failed', problem });

/** A host that is an address is not looked up, so it is looked at here. */
function isAllowed(
  { protocol, hostname, username, password }: URL,
  by: { readonly mayBeAsked: (address: string) => boolean; readonly loopback: boolean },
): boolean {
  if (username !== '' || password !== '') return false;
  const host = hostname.replace(/^\[|\]$/g, '');
  const literal = isIP(host) > 0;
  if (literal && !by.mayBeAsked(host)) return false;
  if (protocol === 'https:') return true;
  const here = literal ? isLoopback(host) : host === 'localhost';
  return protocol === 'http:' && by.loopback && here;
}

async function get(
  url: URL,
  options: { readonly lookup: ReturnType<typeof lookupOnly>; readonly signal: AbortSignal },
): Promise<IncomingMessage> {
  const headers = {
    accept: 'application/jwk-set+json, application/json',
    'accept-encoding': 'identity',
    'user-agent': 'keyserver',
  };
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return await new Promise((resolve, reject) => {
    request(url, { ...options, headers, agent: false, minVersion: 'TLSv1.2' }, resolve)
      .on('error', reject)
      .end();
  });
}

async function readAnswer(response: IncomingMessage): Promise<FetchedKeySet> {
  const { statusCode = 0 } = response;
  try {
    if (statusCode >= 300 && statusCode < 400) return failed('redirect');
    if (statusCode !== 200) return failed('status');
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of chunksOf(response)) {
      size += piece.length;
      if (size > MAX_BYTES) return failed('too_large');
      pieces.push(piece);
    }
    return { kind: 'answer', body: Buffer.concat(pieces) };
  } finally {
    response.destroy();
  }
}

const chunksOf = (response: AsyncIterable<Buffer>): AsyncIterable<Buffer> => response;

/** Undefined for what is no matter of the network: errors of connections, TLS and HTTP all have a code. */
function problemOf(fault: unknown): KeySetProblem | undefined {
  if (fault instanceof AddressRefusal) return 'address';
  if (fault instanceof DeadlineFault) return 'slow';
  return fault instanceof Error && 'code' in fault ? 'unreachable' : undefined;
}
