import { createHash } from 'node:crypto';
import type { Random } from '@keyserver/random';
import type { StoreFormat } from './store-format.ts';

/** Wraps the data keys that seal revision tokens. */
export interface KeyWrapping {
  wrap(dataKey: Uint8Array, aad: Uint8Array): Promise<Uint8Array>;
  /** Undefined for what was wrapped under another key. */
  unwrap(wrapped: Uint8Array, aad: Uint8Array): Promise<Uint8Array | undefined>;
}

/** What the store remembers of its wrapping key: a random value, wrapped, and the digest of the value. */
type WrappingCheck = Pick<Required<StoreFormat>, 'wrapped' | 'wrappedDigest'>;

const AAD = Buffer.from('check of the wrapping key of an exposure key server');
const VALUE_BYTES = 32;

const digestOf = (value: Uint8Array): string => createHash('sha256').update(value).digest('hex');

/** Wraps a random value once, to be unwrapped at every start. */
export async function wrappingCheckOf(
  wrapping: KeyWrapping,
  random: Random,
): Promise<WrappingCheck> {
  const value = random.bytes(VALUE_BYTES);
  return { wrapped: await wrapping.wrap(value, AAD), wrappedDigest: digestOf(value) };
}

/** Whether a wrapping key opens what the store remembers; true while it remembers nothing. */
export async function opensCheck(
  { wrapped, wrappedDigest }: StoreFormat,
  wrapping: KeyWrapping,
): Promise<boolean> {
  if (wrapped === undefined) return true;
  const value = await wrapping.unwrap(wrapped, AAD);
  return value !== undefined && digestOf(value) === wrappedDigest;
}
