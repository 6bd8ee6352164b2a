import { type KeyObject, createPrivateKey } from 'node:crypto';
import type { UnixSeconds } from '@keyserver/time';
import { publicKeyReader } from './authority-key.ts';
import type { FindAuthority } from './authority.ts';
import {
  type CertificateRefusal,
  MAX_LENGTH,
  REMEMBERED_KEYS,
  activeKey,
  headerRefusal,
  timeRefusal,
} from './certificate.ts';
import {
  type CompactToken,
  type RegisteredClaims,
  hasValidSignature,
  parseCompactToken,
  readRegisteredClaims,
  signCompactToken,
} from './compact-token.ts';

/** The audience of statistics tokens unless a server is told otherwise. It is not the one of certificates. */
export const DEFAULT_STATS_AUDIENCE = 'keyserver';

/** Why a statistics token was refused: the first check that it failed. */
export type StatsTokenRefusal =
  | Extract<
      CertificateRefusal,
      | 'malformed'
      | 'unusable_algorithm'
      | 'unsupported_algorithm'
      | 'critical_extension'
      | 'missing_key_id'
      | 'unknown_issuer'
      | 'no_active_key'
      | 'expired'
      | 'not_yet_valid'
      | 'bad_signature'
      | 'wrong_audience'
    >
  | 'invalid_key_id'
  | 'stats_disabled';

/** Whose statistics a token opens, or why none. */
export type StatsTokenOutcome =
  | {
      readonly kind: 'verified';
      readonly authority: { readonly id: number; readonly name: string };
    }
  | { readonly kind: 'refused'; readonly reason: StatsTokenRefusal };

/** Verifies a statistics token as of a second. A fault of the authority store is thrown. */
export type VerifyStatsToken = (token: string, now: UnixSeconds) => Promise<StatsTokenOutcome>;

/**
 * A verifier over a directory of authorities. A token is signed with a key that the authority signs certificates with, and
 * opens the statistics of its issuer. Times are checked to the second: no clock is given any grace.
 */
export function statsTokenVerifier(
  findAuthority: FindAuthority,
  audience: string,
): VerifyStatsToken {
  const readPublicKey = publicKeyReader(REMEMBERED_KEYS);
  return async (text, now) => {
    const opened = open(text);
    if (typeof opened === 'string') return refused(opened);
    const { token, claims, keyId } = opened;
    const authority = await findAuthority(claims.issuer);
    if (authority === undefined) return refused('unknown_issuer');
    if (!authority.stats) return refused('stats_disabled');
    const key = activeKey(authority, keyId, now, readPublicKey);
    if (key === undefined) return refused('no_active_key');
    const doubt = timeRefusal(claims, now, 0);
    if (doubt === 'not_yet_valid') return refused(doubt);
    if (!(await hasValidSignature(token, key))) return refused('bad_signature');
    if (doubt !== undefined) return refused(doubt);
    if (claims.audience !== audience || isCertificate(token)) return refused('wrong_audience');
    return { kind: 'verified', authority: { id: authority.id, name: authority.name } };
  };
}

/**
 * Whether a token is a certificate. Phones hold certificates, signed with the same keys; where an operator has given
 * certificates the audience of statistics, nothing else tells the two apart.
 */
const isCertificate = ({ claims }: CompactToken): boolean =>
  typeof claims.get('tekmac') === 'string';

interface OpenedToken {
  readonly token: CompactToken;
  readonly claims: RegisteredClaims & { readonly issuer: string };
  readonly keyId: string;
}

/** The checks that need nothing but the text. */
function open(text: string): OpenedToken | StatsTokenRefusal {
  const token = text.length > MAX_LENGTH ? undefined : parseCompactToken(text);
  const claims = token && readRegisteredClaims(token.claims);
  if (token === undefined || claims === undefined) return 'malformed';
  const problem = headerRefusal(token);
  if (problem !== undefined) return problem;
  const keyId = token.header.get('kid');
  if (typeof keyId !== 'string') return 'invalid_key_id';
  const { issuer } = claims;
  return issuer === undefined ? 'unknown_issuer' : { token, claims: { ...claims, issuer }, keyId };
}

const refused = (reason: StatsTokenRefusal): StatsTokenOutcome => ({ kind: 'refused', reason });

/** A statistics token, as an authority makes it for itself. `privateKey` is P-256, a PEM or a key in memory. */
export function issueStatsToken(options: {
  readonly privateKey: KeyObject | string;
  /** Version under which the public key is registered at the key server. */
  readonly kid: string;
  readonly issuer: string;
  readonly audience?: string;
  readonly issuedAt: UnixSeconds;
  readonly lifetimeSeconds: number;
}): string {
  const { privateKey, kid, issuer, audience = DEFAULT_STATS_AUDIENCE, issuedAt: iat } = options;
  const header = { alg: 'ES256', kid, typ: 'JWT' };
  const claims = { iss: issuer, aud: audience, iat, nbf: iat, exp: iat + options.lifetimeSeconds };
  const key = typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey;
  return signCompactToken(JSON.stringify(header), JSON.stringify(claims), key);
}
