import { Fault } from '@keyserver/fault';
import { type Clock, SECOND, type UnixMillis } from '@keyserver/time';
import type { KeyWrapper } from './key-wrapper.ts';
import type { DataKey } from './token.ts';

/** A data key as it is stored: wrapped, and bound to bytes of its own. */
export interface WrappedDataKey {
  readonly id: number;
  readonly wrapped: Uint8Array;
  /** 16 random bytes that the wrapping is bound to. */
  readonly bound: Uint8Array;
  readonly createdAt: UnixMillis;
}

/** Reads all data keys that tokens may be sealed with, in any order. */
export type ReadDataKeys = () => Promise<readonly WrappedDataKey[]>;

/** There is no data key yet, or one cannot be unwrapped. */
export class KeyRingFault extends Fault<'empty' | 'unwrapping'> {}

/** The data keys that a service seals and opens tokens with. */
export interface KeyRing {
  /** The newest key, which new tokens are sealed with. Rejects with a KeyRingFault, or whatever reading rejects with. */
  newest(): Promise<DataKey>;
  /** The key of this number; undefined when no token may be sealed with it. Rejects as `newest` does. */
  find(id: number): Promise<DataKey | undefined>;
}

/** How often at most a number that nobody knows makes the ring look whether there are new keys, ms: phones choose numbers. */
const LOOK_AGAIN = 10 * SECOND;

/**
 * Keeps unwrapped keys in memory and reads them anew after a while. Only what is new is unwrapped, and what may not be used
 * any more leaves at once. One key that cannot be unwrapped fails all: tokens would be refused that are good.
 */
export function keyRing(options: {
  readonly readKeys: ReadDataKeys;
  readonly wrapper: Pick<KeyWrapper, 'unwrap'>;
  readonly clock: Clock;
  /** How long keys are used before they are read anew, ms. */
  readonly lifetimeMs: number;
}): KeyRing {
  const { readKeys, wrapper, clock, lifetimeMs } = options;
  let keys: ReadonlyMap<number, DataKey> = new Map();
  let readAt: number | undefined;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const at = clock.now();
    const stored = (await readKeys()).toSorted((a, b) => b.id - a.id);
    const fresh = new Map<number, DataKey>();
    for (const one of stored)
      fresh.set(one.id, keys.get(one.id) ?? (await unwrapped(one, wrapper)));
    if (fresh.size === 0) throw new KeyRingFault('empty', NO_KEY);
    [keys, readAt] = [fresh, at];
  }

  // Whoever asks while keys are being read waits for them instead of reading them too.
  async function refreshed(age: number): Promise<ReadonlyMap<number, DataKey>> {
    if (readAt === undefined || Math.abs(clock.now() - readAt) >= age) {
      reading ??= read().finally(() => {
        reading = undefined;
      });
      await reading;
    }
    return keys;
  }

  return {
    newest: async () => {
      const [first] = (await refreshed(lifetimeMs)).values();
      if (first === undefined) throw new KeyRingFault('empty', NO_KEY);
      return first;
    },
    find: async (id) =>
      (await refreshed(lifetimeMs)).get(id) ??
      (await refreshed(Math.min(LOOK_AGAIN, lifetimeMs))).get(id),
  };
}

const NO_KEY =
  'there is no data key for revision tokens yet: run the job rotate-keys of the trust service once';

async function unwrapped(
  { id, wrapped, bound }: WrappedDataKey,
  wrapper: Pick<KeyWrapper, 'unwrap'>,
): Promise<DataKey> {
  const key = await wrapper.unwrap(wrapped, bound);
  if (key === undefined)
    throw new KeyRingFault(
      'unwrapping',
      `data key ${id} of revision tokens cannot be unwrapped: the wrapping key is not the one it was wrapped with`,
    );
  return { id, key };
}
