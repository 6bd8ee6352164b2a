import { type KeyObject, createPublicKey } from 'node:crypto';
import { compactDecrypt, compactVerify } from 'jose';
import { type Claim, type Refusal, refusal } from './outcome.ts';
import { MAX_PAYLOAD_BYTES } from './policy.ts';

/** The two keys of an app, with which its classic tokens can be decoded without Google. */
export interface PlayKeys {
  /** AES, 32 bytes. */
  readonly decryption: Uint8Array;
  /** EC on P-256. */
  readonly verification: KeyObject;
}

/**
 * Reads the two texts that Play Console hands out, in base64: 32 bytes, and a SubjectPublicKeyInfo in DER. Throws a
 * RangeError that says which of the two is none.
 */
export function readPlayKeys(decryption: string, verification: string): PlayKeys {
  const bytes = Buffer.from(decryption, 'base64');
  if (bytes.length !== 32)
    throw new RangeError('the decryption key of Play Integrity is not 32 bytes in base64');
  return { decryption: new Uint8Array(bytes), verification: p256Key(verification) };
}

function p256Key(text: string): KeyObject {
  const message =
    'the verification key of Play Integrity is not a P-256 public key (DER in base64)';
  const key = publicKeyOrFault(text, message);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new RangeError(message);
  return key;
}

function publicKeyOrFault(text: string, message: string): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
  } catch (error) {
    throw new RangeError(message, { cause: error });
  }
}

const SHAPE: Claim = {
  reason: 'token',
  failure: 'malformed',
  claim: 'the token is a compact JWE of at most 32 KiB',
};
const OPENS: Claim = {
  reason: 'token_keys',
  failure: 'untrusted',
  claim:
    'one of the app’s key pairs decrypts it (A256KW, A256GCM) and verifies what is inside (ES256)',
};
const JSON_INSIDE: Claim = {
  reason: 'token_json',
  failure: 'malformed',
  claim: 'the signed payload is JSON',
};

/** All that is checked when a token is decoded here, in order. */
export const PLAY_TOKEN_CLAIMS: readonly Claim[] = [SHAPE, OPENS, JSON_INSIDE];

/** A decoded payload, still to be examined, or why there is none. */
export type DecodedToken = { readonly kind: 'decoded'; readonly payload: unknown } | Refusal;

/** Decodes a classic token: decrypts, then verifies the signature inside, then parses. Tokens do not say which keys. */
export async function decodePlayToken(
  token: string,
  keys: readonly PlayKeys[],
): Promise<DecodedToken> {
  if (token.length > MAX_PAYLOAD_BYTES['play-integrity-classic'] || !isCompactJwe(token))
    return refusal(SHAPE.failure, SHAPE.reason);
  for (const pair of keys) {
    const text = await opened(token, pair);
    if (text !== undefined) return parsed(text);
  }
  return refusal(OPENS.failure, OPENS.reason);
}

const PART = /^[A-Za-z0-9_-]+$/;
const isCompactJwe = (token: string): boolean => {
  const parts = token.split('.');
  return parts.length === 5 && parts.every((part) => PART.test(part));
};

/** Only these algorithms and no others. jose says all that it refuses by throwing. */
async function opened(
  token: string,
  { decryption, verification }: PlayKeys,
): Promise<string | undefined> {
  try {
    const outer = await compactDecrypt(token, decryption, {
      keyManagementAlgorithms: ['A256KW'],
      contentEncryptionAlgorithms: ['A256GCM'],
      // Nothing that was compressed is unpacked.
      maxDecompressedLength: 0,
    });
    const inner = await compactVerify(outer.plaintext, verification, { algorithms: ['ES256'] });
    return Buffer.from(inner.payload).toString('utf8');
  } catch {
    return undefined;
  }
}

function parsed(text: string): DecodedToken {
  try {
    return { kind: 'decoded', payload: JSON.parse(text) };
  } catch {
    return refusal(JSON_INSIDE.failure, JSON_INSIDE.reason);
  }
}
