import type { Random } from '@keyserver/random';
import type { FindKeyWrapper, KeyWrapper } from '@keyserver/revision-token';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { join } from 'node:path';
import { privateFile, readPrivateFile } from './private-files.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const ALGORITHM = 'aes-256-gcm';
const KEY = 32;
const NONCE = 12;
const TAG = 16;
/** The first byte of all that is wrapped, so that a later format can be told from this one. */
const FORMAT = 1;

/**
 * The AES-256 keys of a directory, one file each, created when a key first wraps. A file is read anew each time, so a key
 * that is taken away unwraps nothing from then on.
 */
export function wrappingKeys(directory: string, random: Random): FindKeyWrapper {
  return (name): KeyWrapper => {
    if (!NAME.test(name)) throw new RangeError('not the name of a wrapping key');
    const path = join(directory, `${name}.key`);
    return {
      wrap: async (dataKey, aad) => {
        const key = await privateFile(path, () => Promise.resolve(random.bytes(KEY)), random);
        return seal(wholeKey(key, name), { dataKey, aad, nonce: random.bytes(NONCE) });
      },
      unwrap: async (wrapped, aad) => {
        const key = await readPrivateFile(path);
        if (key === undefined)
          throw new Error(`the wrapping key ${name}.key is missing; put it back from a copy`);
        return open(wholeKey(key, name), wrapped, aad);
      },
    };
  };
}

function wholeKey(key: Buffer, name: string): Buffer {
  if (key.length !== KEY)
    throw new Error(`the wrapping key ${name}.key is damaged: it must have exactly ${KEY} bytes`);
  return key;
}

interface Sealing {
  readonly dataKey: Uint8Array;
  readonly aad: Uint8Array;
  readonly nonce: Uint8Array;
}

/** Format, nonce, ciphertext, tag. */
function seal(key: Buffer, { dataKey, aad, nonce }: Sealing): Uint8Array {
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG }).setAAD(aad);
  const body = Buffer.concat([cipher.update(dataKey), cipher.final()]);
  return Buffer.concat([Uint8Array.of(FORMAT), nonce, body, cipher.getAuthTag()]);
}

function open(key: Buffer, wrapped: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
  if (wrapped.length < 1 + NONCE + TAG || wrapped[0] !== FORMAT) return undefined;
  const nonce = wrapped.subarray(1, 1 + NONCE);
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG }).setAAD(aad);
  decipher.setAuthTag(wrapped.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(wrapped.subarray(1 + NONCE, -TAG)), decipher.final()]);
  } catch {
    return undefined; // final() fails for one reason only: the tag is another
  }
}
