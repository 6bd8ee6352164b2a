import { type KeyObject, sign, verify } from 'node:crypto';
import { type JsonMembers, parseMembers } from './json-members.ts';

/** Bytes of an ES256 signature: r and s, 32 bytes each. DER is not accepted. */
const SIGNATURE_BYTES = 64;

/** A signed token (compact JWS), taken apart but not verified. */
export interface CompactToken {
  readonly header: JsonMembers;
  readonly claims: JsonMembers;
  /** The text that is signed. */
  readonly signed: string;
  /** Undefined when its text is not base64url. */
  readonly signature: Uint8Array | undefined;
}

/** Takes a token apart; undefined unless it has three segments and the first two hold JSON objects. */
export function parseCompactToken(text: string): CompactToken | undefined {
  const [header, claims, signature, ...more] = text.split('.', 4);
  if (header === undefined || claims === undefined || signature === undefined) return undefined;
  if (more.length > 0) return undefined;
  const headerMembers = membersOf(header);
  const claimMembers = membersOf(claims);
  if (headerMembers === undefined || claimMembers === undefined) return undefined;
  return {
    header: headerMembers,
    claims: claimMembers,
    signed: `${header}.${claims}`,
    signature: decodeSegment(signature),
  };
}

/** Whether a token carries a valid ES256 signature of the key's owner. */
export function hasValidSignature({ signed, signature }: CompactToken, key: KeyObject): boolean {
  if (signature?.length !== SIGNATURE_BYTES) return false;
  return verify('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** A token over two JSON texts, signed with ES256. */
export function signCompactToken(header: string, claims: string, key: KeyObject): string {
  const signed = `${encodeSegment(header)}.${encodeSegment(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

const encodeSegment = (text: string): string => Buffer.from(text).toString('base64url');

function membersOf(segment: string): JsonMembers | undefined {
  const bytes = decodeSegment(segment);
  return bytes === undefined ? undefined : parseMembers(bytes.toString('utf8'));
}

/** Only the one spelling that an encoder gives, so that a token has one text. */
function decodeSegment(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}
