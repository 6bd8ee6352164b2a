/** Wraps the data keys that seal revision tokens, under a key that never leaves its keeper. */
export interface KeyWrapper {
  /** The data key as it may be stored, bound to `aad`. */
  wrap(dataKey: Uint8Array, aad: Uint8Array): Promise<Uint8Array>;
  /** The data key again; undefined when it was changed, or was wrapped under another key or for another `aad`. */
  unwrap(wrapped: Uint8Array, aad: Uint8Array): Promise<Uint8Array | undefined>;
}

/** The wrapper under the key of a name (a file name, or the full name of a KMS key). Throws when that can be no key's name. */
export type FindKeyWrapper = (wrappingKey: string) => KeyWrapper;
