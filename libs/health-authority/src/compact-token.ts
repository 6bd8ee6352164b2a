import { type KeyObject, sign, verify } from 'node:crypto';

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

/** Whether a token carries a valid ES256 signature of the key's owner. Verified in a thread of the pool: it is most of the work. */
export async function hasValidSignature(
  { signed, signature }: CompactToken,
  key: KeyObject,
): Promise<boolean> {
  if (signature?.length !== SIGNATURE_BYTES) return false;
  const der = derSignature(signature);
  return await new Promise((resolve, reject) => {
    verify('sha256', Buffer.from(signed), key, der, (fault, isValid) => {
      if (fault === null) resolve(isValid);
      else reject(fault);
    });
  });
}

/**
 * A signature as Node takes it by default. To be told of another form it wants the key wrapped in an object, and looks at
 * that for half as long again as verifying takes.
 */
function derSignature(signature: Uint8Array): Uint8Array {
  const half = SIGNATURE_BYTES / 2;
  const numbers = [signature.subarray(0, half), signature.subarray(half)].flatMap(derInteger);
  return Uint8Array.of(DER_SEQUENCE, numbers.length, ...numbers);
}

const [DER_SEQUENCE, DER_INTEGER, SIGN_BIT] = [0x30, 0x02, 0x80];

/** A number without sign in DER: as few bytes as hold it, and one more where the first would look like a sign. */
function derInteger(number: Uint8Array): readonly number[] {
  const first = number.findIndex((byte) => byte !== 0);
  const bytes = number.subarray(first < 0 ? number.length - 1 : first);
  const sign = (bytes[0] ?? 0) >= SIGN_BIT ? [0] : [];
  return [DER_INTEGER, sign.length + bytes.length, ...sign, ...bytes];
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

/** From whom, for whom and for when a token is, readable but not believed yet. Times are Unix seconds. */
export interface RegisteredClaims {
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly expires: number | undefined;
  readonly issuedAt: number | undefined;
  readonly notBefore: number | undefined;
}

/** What a diagnosis certificate states, readable but not believed yet. Names that are not listed mean nothing here. */
export interface Claims extends RegisteredClaims {
  readonly reportType: string | undefined;
  /** Interval number. */
  readonly onset: number | undefined;
  /** The keys' MAC in base64. */
  readonly keysMac: string | undefined;
}

const UINT32 = { min: 0, max: 2 ** 32 - 1 };

/** Reads the claims that every token has; undefined when one has the wrong type, such as a list of audiences. */
export function readRegisteredClaims(members: JsonMembers): RegisteredClaims | undefined {
  const claims = registeredClaims(members);
  return isWhole(claims) ? claims : undefined;
}

const registeredClaims = (members: JsonMembers): Unchecked<RegisteredClaims> => ({
  issuer: textMember(members, 'iss'),
  audience: textMember(members, 'aud'),
  expires: integerMember(members, 'exp'),
  issuedAt: integerMember(members, 'iat'),
  notBefore: integerMember(members, 'nbf'),
});

/** Reads the claims of a certificate; undefined when one has the wrong type. */
export function readClaims(members: JsonMembers): Claims | undefined {
  const claims: Unchecked<Claims> = {
    ...registeredClaims(members),
    reportType: textMember(members, 'reportType'),
    onset: integerMember(members, 'symptomOnsetInterval', UINT32),
    keysMac: textMember(members, 'tekmac'),
  };
  return isWhole(claims) ? claims : undefined;
}

type Unchecked<C> = { readonly [Name in keyof C]: C[Name] | null };

const isWhole = <C extends object>(claims: Unchecked<C>): claims is C & Unchecked<C> =>
  !Object.values(claims).includes(null);

/** The members of a JSON object by name. */
type JsonMembers = ReadonlyMap<string, unknown>;

const INTEGER = /^-?\d+$/;
/**
 * What no text lacks that has a number with a fraction or an exponent, a list, or an object within another. To look at each
 * value takes several times as long.
 */
const UNUSUAL = /\d[.eE]|\[|.\{/s;

/** 64-bit integers are what other implementations read claims into; the bound itself is rounded and harmless. */
const MAX_INTEGER = 2 ** 63;

/** The members of a JSON object; undefined when the text is anything else. Names must match in letter case. */
function parseMembers(text: string): JsonMembers | undefined {
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value));
}

/** The text under a name: undefined when there is none, null when something else is there. */
function textMember(members: JsonMembers, name: string): string | undefined | null {
  const value = members.get(name) ?? undefined;
  return value === undefined || typeof value === 'string' ? value : null;
}

/** The integer under a name: undefined when it is missing or 0, which means the same; null when it is none in bounds. */
function integerMember(
  members: JsonMembers,
  name: string,
  bounds: { readonly min: number; readonly max: number } = { min: -MAX_INTEGER, max: MAX_INTEGER },
): number | undefined | null {
  const value = members.get(name) ?? 0;
  if (typeof value !== 'number' || Number.isNaN(value)) return null;
  if (value < bounds.min || value > bounds.max) return null;
  return value === 0 ? undefined : value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text, UNUSUAL.test(text) ? onlyIntegers : undefined);
  } catch {
    // Not JSON, or nested so deeply that the parser gave up.
    return undefined;
  }
}

/** Numbers that are not written as integers (`1.0`, `1e3`) become NaN, since their value does not tell. */
function onlyIntegers(
  _name: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  return typeof value === 'number' && !INTEGER.test(String(context?.source)) ? NaN : value;
}
