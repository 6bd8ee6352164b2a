import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { unixMillis } from '@keyserver/time';
import type { Position, RecordKind } from './position.ts';

/** Bytes of the key that tokens are sealed with. */
export const TOKEN_KEY_BYTES = 32;

/** The number of this layout: version (1 byte), start of the unit in ms (6), kind (1), key (16), seal (16). */
const VERSION = 1;
const AT = { unit: 1, kind: 7, key: 8, seal: 24 } as const;
const UNIT_BYTES = 6;
const SEAL_BYTES = 16;
const TOKEN_BYTES = AT.seal + SEAL_BYTES;
const KIND = { none: 0, primary: 1, revision: 2 } as const;
const BASE64_URL = /^[\w-]{54}$/;

/**
 * A position as the text that a partner keeps. The seal is there so that nobody comes to rely on the form: it keeps no
 * secret and grants nothing, since grants are looked at in every call.
 */
export function sealToken({ unit, after }: Position, sealingKey: Uint8Array): string {
  const token = Buffer.alloc(TOKEN_BYTES);
  token.writeUInt8(VERSION);
  token.writeUIntBE(unit, AT.unit, UNIT_BYTES);
  token.writeUInt8(KIND[after?.kind ?? 'none'], AT.kind);
  if (after !== undefined) token.set(after.key, AT.key);
  token.set(sealOf(token, sealingKey), AT.seal);
  return token.toString('base64url');
}

/** The position of a token; undefined for a text that is no token of this version and key, to the last bit. */
export function openToken(text: string, sealingKey: Uint8Array): Position | undefined {
  if (!BASE64_URL.test(text)) return undefined;
  const token = Buffer.from(text, 'base64url');
  if (token.toString('base64url') !== text) return undefined; // the last character has bits to spare
  if (token.readUInt8() !== VERSION) return undefined;
  if (!timingSafeEqual(token.subarray(AT.seal), sealOf(token, sealingKey))) return undefined;
  const unit = unixMillis(token.readUIntBE(AT.unit, UNIT_BYTES));
  const kind = kindOf(token.readUInt8(AT.kind));
  if (kind === undefined) return { unit };
  return { unit, after: { kind, key: token.subarray(AT.key, AT.seal) } };
}

const kindOf = (code: number): RecordKind | undefined =>
  code === KIND.primary ? 'primary' : code === KIND.revision ? 'revision' : undefined;

/** A key object takes a quarter of the time that bare bytes do. */
const sealOf = (token: Buffer, sealingKey: Uint8Array): Buffer =>
  createHmac('sha256', createSecretKey(sealingKey))
    .update(token.subarray(0, AT.seal))
    .digest()
    .subarray(0, SEAL_BYTES);
