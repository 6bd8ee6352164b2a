import { MAX_PAYLOAD_BYTES } from './policy.ts';

/** An App Attest payload: the id of a key, and the object about it or by it. */
export interface AppAttestPayload {
  /** 32 bytes. */
  readonly keyId: Uint8Array;
  /** CBOR. */
  readonly object: Uint8Array;
}

/** Largest objects, in bytes of CBOR. */
export const MAX_OBJECT_BYTES = {
  'app-attest-attestation': 16 * 1024,
  'app-attest-assertion': 4 * 1024,
} as const;

/** The two types of App Attest. */
export type AppAttestType = keyof typeof MAX_OBJECT_BYTES;

const KEY_ID_BYTES = 32;

/** Reads `base64url(keyId).base64url(object)`, both without padding; undefined for anything else. */
export function readAppAttestPayload(
  type: AppAttestType,
  payload: string,
): AppAttestPayload | undefined {
  if (payload.length > MAX_PAYLOAD_BYTES[type]) return undefined;
  const [id, text, ...more] = payload.split('.', 3);
  const keyId = exactBase64Url(id);
  const object = exactBase64Url(text);
  if (keyId?.length !== KEY_ID_BYTES || object === undefined || more.length > 0) return undefined;
  return object.length > MAX_OBJECT_BYTES[type] ? undefined : { keyId, object };
}

/** A payload as a request carries it. */
export const payloadOf = ({ keyId, object }: AppAttestPayload): string =>
  [keyId, object].map((each) => Buffer.from(each).toString('base64url')).join('.');

/** Only the one spelling that an encoder gives. */
function exactBase64Url(text: string | undefined): Uint8Array | undefined {
  if (text === undefined || text === '') return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? new Uint8Array(bytes) : undefined;
}
