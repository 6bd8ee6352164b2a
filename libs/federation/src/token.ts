import {
  type KeyObject,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  timingSafeEqual,
} from 'node:crypto';
import { unixMillis } from '@keyserver/time';
import type { Position, RecordKind } from './position.ts';

/** Bytes of the key that tokens are sealed with. */
export const TOKEN_KEY_BYTES = 32;

/**
 * The number of this layout: version (1 byte), seal (16), and hidden from the partner: epoch of store time (2), start of the unit in ms
 * (6), kind (1), key (16).
 */
const VERSION = 2;
const AT = { seal: 1, position: 17 } as const;
const IN_POSITION = { epoch: 0, unit: 2, kind: 8, key: 9 } as const;
const UNIT_BYTES = 6;
const SEAL_BYTES = 16;
const POSITION_BYTES = 25;
const KIND = { none: 0, primary: 1, revision: 2 } as const;
/** 42 bytes, so no character has bits to spare. */
const BASE64_URL = /^[\w-]{56}$/;
const CIPHER = 'aes-256-ctr';

/** A position as a token tells it. */
export interface Told extends Position {
  /** The number of the epoch of store time in which it was made. */
  readonly epoch: number;
}

/**
 * A position as the text that a partner keeps; the same for the same position. The seal is there so that nobody comes to rely on the
 * form: it grants nothing, since grants are looked at in every call. The position is hidden, since the last record that was
 * looked at may be one that the partner is not granted. The seal is what the cipher starts with, so it never starts twice alike for
 * two positions (as in RFC 5297, but for the function that makes it).
 */
export function sealToken({ unit, after, epoch }: Told, sealingKey: Uint8Array): string {
  const position = Buffer.alloc(POSITION_BYTES);
  position.writeUInt16BE(epoch, IN_POSITION.epoch);
  position.writeUIntBE(unit, IN_POSITION.unit, UNIT_BYTES);
  position.writeUInt8(KIND[after?.kind ?? 'none'], IN_POSITION.kind);
  if (after !== undefined) position.set(after.key, IN_POSITION.key);
  const keys = keysOf(sealingKey);
  const seal = sealOf(position, keys);
  const hidden = createCipheriv(CIPHER, keys.hide, seal).update(position);
  return Buffer.concat([VERSION_BYTE, seal, hidden]).toString('base64url');
}

/** The position of a token; undefined for a text that is no token of this version and key, to the last bit. */
export function openToken(text: string, sealingKey: Uint8Array): Told | undefined {
  if (!BASE64_URL.test(text)) return undefined;
  const token = Buffer.from(text, 'base64url');
  if (token.readUInt8() !== VERSION) return undefined;
  const seal = token.subarray(AT.seal, AT.position);
  const hidden = token.subarray(AT.position);
  const keys = keysOf(sealingKey);
  const position = createDecipheriv(CIPHER, keys.hide, seal).update(hidden);
  if (!timingSafeEqual(seal, sealOf(position, keys))) return undefined;
  const unit = unixMillis(position.readUIntBE(IN_POSITION.unit, UNIT_BYTES));
  const epoch = position.readUInt16BE(IN_POSITION.epoch);
  const kind = kindOf(position.readUInt8(IN_POSITION.kind));
  if (kind === undefined) return { unit, epoch };
  return { unit, epoch, after: { kind, key: position.subarray(IN_POSITION.key) } };
}

const kindOf = (code: number): RecordKind | undefined =>
  code === KIND.primary ? 'primary' : code === KIND.revision ? 'revision' : undefined;

const sealOf = (position: Uint8Array, { seal }: TokenKeys): Buffer =>
  createHmac('sha256', seal).update(VERSION_BYTE).update(position).digest().subarray(0, SEAL_BYTES);

const VERSION_BYTE = Buffer.from([VERSION]);

/** Each use has a key of its own. */
interface TokenKeys {
  readonly hide: KeyObject;
  readonly seal: KeyObject;
}

const keysMade = new WeakMap<Uint8Array, TokenKeys>();

/** Making the keys costs several times what they are used for, so they are kept as long as the bytes that they are made of, which nobody changes. */
function keysOf(sealingKey: Uint8Array): TokenKeys {
  const keys = keysMade.get(sealingKey) ?? {
    hide: keyFor('hide', sealingKey),
    seal: keyFor('seal', sealingKey),
  };
  keysMade.set(sealingKey, keys);
  return keys;
}

const keyFor = (use: 'hide' | 'seal', sealingKey: Uint8Array): KeyObject =>
  createSecretKey(
    createHmac('sha256', createSecretKey(sealingKey)).update(`federation token: ${use}`).digest(),
  );
