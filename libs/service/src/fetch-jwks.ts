import { Fault } from '@keyserver/fault';
import { within } from '@keyserver/retry';
import { SECOND, type Timers } from '@keyserver/time';
import type { JSONWebKeySet } from 'jose';

/** An issuer's keys as fetched, and how long it says they last, in milliseconds. */
export interface FetchedKeys {
  readonly jwks: JSONWebKeySet;
  readonly maxAge: number;
}

/** The keys of an issuer cannot be had, so nobody's token can be checked. */
export class JwksFault extends Fault<'unavailable'> {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', message, options);
  }
}

const PATIENCE = 5 * SECOND;
const MAX_BYTES = 64 * 1024;

/** Fetches a key set once; every failure is a JwksFault, an empty set too. */
export async function fetchJwks(url: URL, timers: Timers, ms = PATIENCE): Promise<FetchedKeys> {
  try {
    return await within({ ms, timers }, async (signal) => await fetchOnce(url, signal));
  } catch (cause) {
    throw new JwksFault('the keys of an issuer cannot be fetched', { cause });
  }
}

async function fetchOnce(url: URL, signal: AbortSignal): Promise<FetchedKeys> {
  const headers = { accept: 'application/json' };
  const response = await fetch(url, { headers, redirect: 'error', signal });
  if (response.status !== 200) throw new Error('the issuer did not answer 200');
  const jwks: unknown = JSON.parse(await readText(response.body ?? new ReadableStream()));
  // An empty set would refuse every caller; the keys that we know are better.
  if (!isKeySet(jwks)) throw new Error('the issuer did not answer with a set of keys');
  return { jwks, maxAge: maxAgeOf(response.headers.get('cache-control') ?? '') };
}

async function readText(body: ReadableStream<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.byteLength;
    if (size > MAX_BYTES) throw new Error('the set of keys is too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  if (typeof value !== 'object' || value === null || !('keys' in value)) return false;
  const { keys } = value;
  return (
    Array.isArray(keys) &&
    keys.length > 0 &&
    keys.every((key: unknown) => typeof key === 'object' && key !== null && 'kty' in key)
  );
}

const maxAgeOf = (cacheControl: string): number =>
  Number(/(?:^|[\s,])max-age=([0-9]{1,9})(?:[\s,]|$)/i.exec(cacheControl)?.[1] ?? 0) * SECOND;
