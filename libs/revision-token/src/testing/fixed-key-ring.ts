import type { KeyRing } from '../key-ring.ts';
import type { DataKey } from '../token.ts';

/** A ring with these data keys, newest first; one key unless given. */
export const fixedKeyRing = (
  keys: readonly [DataKey, ...DataKey[]] = [{ id: 1, key: new Uint8Array(32).fill(1) }],
): KeyRing => ({
  newest: () => Promise.resolve(keys[0]),
  find: (id) => Promise.resolve(keys.find((key) => key.id === id)),
});
