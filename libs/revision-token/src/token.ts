import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import { KEY_BYTES, type RevisableKey, decodeTolerantBase64 } from '@keyserver/exposure-keys';
import type { Random } from '@keyserver/random';
import { RevisionToken, RevisionTokenData } from '#generated/token.js';

/**
 * A revision token: the keys that a phone has published, sealed so that only this server can read them. Who shows it may
 * change their report type. It names no person, no authority and no diagnosis. On the wire it is base64 of an envelope that
 * names the data key, and AES-256-GCM (nonce, ciphertext, tag) over the list of keys.
 */

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A token is filled up to so many keys, so that its length does not tell how many it holds. */
export const LEAST_ENTRIES = 28;

const FILLER = { temporaryExposureKey: new Uint8Array(KEY_BYTES) };

/** What tokens are sealed with. */
export interface DataKey {
  /** A positive number; later keys have higher ones. */
  readonly id: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** Seals keys, in their order, into a token under a data key. `bound` is what all tokens of this server are bound to. */
export function sealToken(
  keys: readonly RevisableKey[],
  { dataKey, bound, random }: SealOptions,
): string {
  const entries = keys.map(({ data, start, period }) => ({
    temporaryExposureKey: data,
    intervalNumber: start,
    intervalCount: period,
  }));
  const missing = Math.max(0, LEAST_ENTRIES - entries.length);
  const revisableKeys = [...entries, ...Array.from({ length: missing }, () => FILLER)];
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, createSecretKey(dataKey.key), nonce).setAAD(bound);
  const plain = RevisionTokenData.encode({ revisableKeys }).finish();
  const sealed = [nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()];
  const envelope = { kid: String(dataKey.id), data: Buffer.concat(sealed) };
  return Buffer.from(RevisionToken.encode(envelope).finish()).toString('base64');
}

interface SealOptions {
  readonly dataKey: DataKey;
  readonly bound: Uint8Array;
  readonly random: Random;
}

/** What a phone sent as its token: nothing usable, something that no data key opens, or what is yet to be opened. */
export type SentToken =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'sealed'; readonly keyId: number; readonly data: Uint8Array };

const KEY_ID = /^[1-9]\d{0,14}$/;

/** Reads the envelope of a token. What is empty or no base64 counts as no token; anything else that is wrong does not. */
export function parseToken(sent: string): SentToken {
  const bytes = decodeTolerantBase64(sent);
  if (bytes === undefined || bytes.length === 0) return { kind: 'none' };
  const envelope = decoded(() => RevisionToken.decode(bytes));
  const kid = envelope?.kid ?? '';
  const data = envelope?.data ?? new Uint8Array();
  return KEY_ID.test(kid) && data.length >= NONCE_BYTES + TAG_BYTES
    ? { kind: 'sealed', keyId: Number(kid), data }
    : { kind: 'unreadable' };
}

/** The keys in a sealed token, in their order; undefined when it was sealed with another key, bound otherwise, or changed. */
export function openToken(
  data: Uint8Array,
  { key, bound }: { readonly key: Uint8Array; readonly bound: Uint8Array },
): readonly RevisableKey[] | undefined {
  const plain = decrypted(data, key, bound);
  const content = plain && decoded(() => RevisionTokenData.decode(plain));
  return content?.revisableKeys.flatMap((entry) => {
    const data = entry.temporaryExposureKey ?? new Uint8Array();
    const [start, period] = [entry.intervalNumber ?? 0, entry.intervalCount ?? 0];
    return (start === 0 && period === 0) || data.length !== KEY_BYTES
      ? []
      : [{ data, start, period }];
  });
}

function decrypted(data: Uint8Array, key: Uint8Array, bound: Uint8Array): Buffer | undefined {
  const sealed = data.subarray(NONCE_BYTES, -TAG_BYTES);
  const opening = createDecipheriv(CIPHER, createSecretKey(key), data.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  opening.setAAD(bound).setAuthTag(data.subarray(-TAG_BYTES));
  const plain = opening.update(sealed);
  try {
    return Buffer.concat([plain, opening.final()]);
  } catch {
    return undefined; // the one way in which it says that the tag is wrong
  }
}

/** What a decoder of protobuf gives, which throws on anything that is none. */
function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
