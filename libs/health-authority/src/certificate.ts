import { type KeyObject, timingSafeEqual } from 'node:crypto';
import {
  type CertifiedReportType,
  type OfferedKey,
  type VerifiedBy,
  decodeTolerantBase64,
  isCertifiedReportType,
} from '@keyserver/exposure-keys';
import { type UnixSeconds, millisOf } from '@keyserver/time';
import { type ReadPublicKey, publicKeyReader } from './authority-key.ts';
import type { AuthorizedApp, FindAuthority, HealthAuthority } from './authority.ts';
import {
  type Claims,
  type CompactToken,
  type RegisteredClaims,
  hasValidSignature,
  parseCompactToken,
  readClaims,
} from './compact-token.ts';
import { keysMacs } from './keys-mac.ts';

/** A certificate as a phone presents it: with the keys it is to cover and the secret of their MAC. */
export interface PresentedCertificate {
  readonly certificate: string;
  /** Base64. */
  readonly hmacKey: string;
  readonly keys: readonly OfferedKey[];
  readonly app: AuthorizedApp;
}

/** Why a certificate was refused: the first check that it failed. For counting; phones learn less. */
export type CertificateRefusal =
  | 'malformed'
  | 'unusable_algorithm'
  | 'unsupported_algorithm'
  | 'critical_extension'
  | 'missing_key_id'
  | 'unknown_issuer'
  | 'wrong_audience'
  | 'no_active_key'
  | 'expired'
  | 'not_yet_valid'
  | 'bad_signature'
  | 'issuer_not_authorized'
  | 'invalid_report_type'
  | 'undecodable_mac'
  | 'undecodable_hmac_key'
  | 'mac_mismatch';

/** What a certificate proves, or why it proves nothing. */
export type CertificateOutcome =
  | {
      readonly kind: 'verified';
      readonly authority: VerifiedBy;
      readonly reportType: CertifiedReportType;
      /** Interval in which symptoms began, as certified; not compared with anything yet. */
      readonly onset: number | undefined;
    }
  | { readonly kind: 'refused'; readonly reason: CertificateRefusal };

/** Verifies a diagnosis certificate as of a second. A fault of the authority store is thrown. */
export type VerifyCertificate = (
  presented: PresentedCertificate,
  now: UnixSeconds,
) => Promise<CertificateOutcome>;

/** The longest token looked at: it cannot be longer than the request that it arrives in. */
export const MAX_LENGTH = 64_000;

/** Parsed public keys that a verifier remembers; a few per authority are in use at a time. */
export const REMEMBERED_KEYS = 256;

/** Algorithms that a signed token may name by the standards. Of all of them only ES256 is ever used here. */
const STANDARD_ALGORITHMS: ReadonlySet<unknown> = new Set([
  'none',
  ...['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA'],
]);

/**
 * How far ahead of this server's clock a certificate may have been issued or become valid, in seconds, unless told
 * otherwise. The protocol grants nothing, but verification servers whose clock runs a little ahead are common.
 */
export const DEFAULT_CLOCK_SKEW = 5;

/** A verifier over a directory of authorities. `clockSkew` is in seconds; it does not prolong a certificate. */
export function certificateVerifier(
  findAuthority: FindAuthority,
  clockSkew: number = DEFAULT_CLOCK_SKEW,
): VerifyCertificate {
  const readPublicKey = publicKeyReader(REMEMBERED_KEYS);
  return async (presented, now) => {
    const opened = open(presented.certificate);
    if (typeof opened === 'string') return refused(opened);
    const { token, claims } = opened;
    const { issuer } = claims;
    const authority = issuer === undefined ? undefined : await findAuthority(issuer);
    if (authority === undefined) return refused('unknown_issuer');
    if (claims.audience !== authority.audience) return refused('wrong_audience');
    const key = activeKey(authority, token.header.get('kid'), now, readPublicKey);
    if (key === undefined) return refused('no_active_key');
    const doubt = timeRefusal(claims, now, clockSkew);
    if (doubt === 'not_yet_valid') return refused(doubt);
    if (!(await hasValidSignature(token, key))) return refused('bad_signature');
    if (doubt !== undefined) return refused(doubt);
    return judgeClaims(claims, presented, authority);
  };
}

interface OpenedCertificate {
  readonly token: CompactToken;
  readonly claims: Claims;
}

/** The checks that need nothing but the text. */
function open(certificate: string): OpenedCertificate | CertificateRefusal {
  const token = certificate.length > MAX_LENGTH ? undefined : parseCompactToken(certificate);
  const claims = token && readClaims(token.claims);
  if (token === undefined || claims === undefined) return 'malformed';
  const problem = headerRefusal(token);
  return problem ?? { token, claims };
}

/** The checks of a header, which every token of an authority must pass. */
export function headerRefusal(
  token: CompactToken,
):
  | 'unusable_algorithm'
  | 'unsupported_algorithm'
  | 'critical_extension'
  | 'missing_key_id'
  | undefined {
  const algorithm = token.header.get('alg');
  if (!STANDARD_ALGORITHMS.has(algorithm)) return 'unusable_algorithm';
  if (algorithm !== 'ES256') return 'unsupported_algorithm';
  // RFC 7515, 4.1.11: whoever does not know an extension that is marked as critical must refuse the token. We know none.
  if (token.header.has('crit')) return 'critical_extension';
  return token.header.has('kid') ? undefined : 'missing_key_id';
}

/** A key id that is not text equals no version. */
export function activeKey(
  authority: HealthAuthority,
  keyId: unknown,
  now: UnixSeconds,
  readPublicKey: ReadPublicKey,
): KeyObject | undefined {
  const instant = millisOf(now);
  const key = authority.keys.find(
    ({ version, from, thru }) =>
      version === keyId && from < instant && (thru === undefined || instant < thru),
  );
  return key && readPublicKey(key.publicKey);
}

/** A token without times is valid at all times, which is the protocol's rule. */
export function timeRefusal(
  { expires, issuedAt, notBefore }: RegisteredClaims,
  now: UnixSeconds,
  clockSkew: number,
): 'not_yet_valid' | 'expired' | undefined {
  if (Math.max(issuedAt ?? now, notBefore ?? now) - now > clockSkew) return 'not_yet_valid';
  return now > (expires ?? now) ? 'expired' : undefined;
}

/**
 * The checks that come after the signature. Whether the application trusts the issuer is among them, so that nobody
 * without the issuer's key can find out.
 */
function judgeClaims(
  { reportType = '', onset, keysMac = '' }: Claims,
  { hmacKey, keys, app }: PresentedCertificate,
  { id, name }: HealthAuthority,
): CertificateOutcome {
  if (!app.authorities.includes(id)) return refused('issuer_not_authorized');
  if (!isCertifiedReportType(reportType)) return refused('invalid_report_type');
  const certified = decodeTolerantBase64(keysMac);
  if (certified === undefined) return refused('undecodable_mac');
  const secret = decodeTolerantBase64(hmacKey);
  if (secret === undefined) return refused('undecodable_hmac_key');
  if (!keysMacs(keys, secret).some((mac) => isSame(mac, certified))) return refused('mac_mismatch');
  return { kind: 'verified', authority: { id, name }, reportType, onset };
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b);

const refused = (reason: CertificateRefusal): CertificateOutcome => ({ kind: 'refused', reason });
