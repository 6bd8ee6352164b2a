import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { RECORD_BYTES } from '@keyserver/exposure-keys';
import { KEYS_PER_UPLOAD } from './uploads.ts';

const KEY_BYTES = 16;
const MARK = 0x6265_6e63;
const ALL_KEYS = 2 ** KEYS_PER_UPLOAD - 1;

/**
 * Keys that look like chance and are yet numbered: each is one block of AES under a secret of this run. So what lies in a
 * store can be counted afterwards without a list of what was sent.
 */
export interface NumberedKeys {
  /** The keys of an upload, one after another. */
  readonly of: (upload: number) => Buffer;
  /** Notes the keys of stored records. */
  readonly found: (records: Uint8Array) => void;
  /** Whether all keys of an upload were found. */
  readonly isWhole: (upload: number) => boolean;
}

/** Numbered keys of so many uploads. */
export function numberedKeys(uploads: number): NumberedKeys {
  const secret = randomBytes(KEY_BYTES);
  const seal = createCipheriv('aes-128-ecb', secret, null).setAutoPadding(false);
  const open = createDecipheriv('aes-128-ecb', secret, null).setAutoPadding(false);
  const seen = new Uint16Array(uploads);
  const note = (key: Uint8Array): void => {
    const block = open.update(key);
    const upload = block.readUInt32LE(4);
    const isOurs = block.readUInt32LE(0) === MARK && block.readUInt32LE(12) === MARK;
    if (isOurs && upload < uploads)
      seen[upload] = (seen[upload] ?? 0) | (1 << block.readUInt32LE(8));
  };
  return {
    of: (upload) => {
      const blocks = Buffer.alloc(KEYS_PER_UPLOAD * KEY_BYTES);
      for (let n = 0; n < KEYS_PER_UPLOAD; n++)
        [MARK, upload, n, MARK].forEach((part, at) =>
          blocks.writeUInt32LE(part, n * KEY_BYTES + 4 * at),
        );
      return seal.update(blocks);
    },
    found: (records) => {
      for (let at = 0; at < records.length; at += RECORD_BYTES)
        note(records.subarray(at, at + KEY_BYTES));
    },
    isWhole: (upload) => seen[upload] === ALL_KEYS,
  };
}
