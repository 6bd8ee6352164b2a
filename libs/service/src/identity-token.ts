import type { CallerRefusal } from '@keyserver/log';
import { type Clock, HOUR, MINUTE, SECOND, type Timers } from '@keyserver/time';
import { type JWTPayload, decodeJwt, errors, jwtVerify } from 'jose';
import { JwksFault } from './fetch-jwks.ts';
import {
  type KnownIssuer,
  type PinnedIssuer,
  type TrustedIssuer,
  trustedIssuers,
} from './trusted-issuers.ts';

/** Why a request is not let in. */
export type Refused =
  | { readonly kind: 'unauthenticated'; readonly reason: CallerRefusal }
  | { readonly kind: 'forbidden'; readonly reason: CallerRefusal }
  | { readonly kind: 'unverifiable'; readonly fault: Error };

/** What every identity token is held to, whoever calls. */
interface TokenRules {
  readonly issuers: readonly PinnedIssuer[];
  /** The one audience that a token may be meant for; undefined where it depends on whose token it is, and is checked later. */
  readonly audience: string | undefined;
  /** How long a token may be valid, in milliseconds. */
  readonly longest: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Lets keys come over plain http from this very machine, for the one-machine platform and tests. */
  readonly allowHttpJwks: boolean;
}

/** A token that is genuine, current and for us: its issuer and what it says. */
export interface GenuineToken {
  readonly kind: 'genuine';
  readonly issuer: string;
  readonly claims: JWTPayload;
}

const BEARER = /^bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;
/** What Cloud Run puts in place of a signature when its own check has consumed the token. */
const REMOVED = '.SIGNATURE_REMOVED_BY_GOOGLE';
const SKEW_SECONDS = MINUTE / SECOND;

/** Checks the identity token (OIDC) of a request; throws when the rules would take tokens for anybody. */
export function tokenVerifier(
  rules: TokenRules,
): (authorization: readonly string[]) => Promise<GenuineToken | Refused> {
  const { audience, clock, timers } = rules;
  if (audience?.trim() === '') throw new Error('an audience is needed to verify callers');
  const find = trustedIssuers(rules.issuers, { clock, timers, allowHttp: rules.allowHttpJwks });

  return async (authorization) => {
    const token = bearerToken(authorization);
    if (typeof token !== 'object') return unauthenticated(token);
    const claimed = claimedIssuer(token.compact);
    const issuer = claimed === undefined ? undefined : find(claimed);
    if (issuer === undefined) return unauthenticated('issuer');
    try {
      const claims = await verifiedClaims(token.compact, issuer, rules);
      const flaw = flawOf(claims, rules);
      if (flaw !== undefined) return unauthenticated(flaw);
      return { kind: 'genuine', issuer: issuer.name, claims };
    } catch (fault) {
      if (fault instanceof JwksFault) return { kind: 'unverifiable', fault };
      return unauthenticated(reasonOf(fault));
    }
  };
}

/** The refusal of a request whose sender is not known. */
export const unauthenticated = (reason: CallerRefusal): Refused => ({
  kind: 'unauthenticated',
  reason,
});

/** The refusal of a known sender who may not call. */
export const NOT_GRANTED: Refused = { kind: 'forbidden', reason: 'not_granted' };

function bearerToken(authorization: readonly string[]): { compact: string } | CallerRefusal {
  const [header, ...others] = authorization;
  if (header === undefined) return 'missing';
  if (others.length > 0) return 'several';
  const compact = BEARER.exec(header)?.[1];
  if (compact === undefined) return 'malformed';
  return compact.endsWith(REMOVED) ? 'signature_removed' : { compact };
}

function claimedIssuer(token: string): string | undefined {
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}

async function verifiedClaims(
  token: string,
  { algorithms, keys }: KnownIssuer,
  { audience, clock }: TokenRules,
): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, keys, {
    algorithms,
    ...(audience === undefined ? {} : { audience }),
    requiredClaims: ['exp', 'iat'],
    clockTolerance: SKEW_SECONDS,
    currentDate: new Date(clock.now()),
  });
  return payload;
}

/** What jose lets pass and we do not. */
function flawOf({ aud, iat, exp }: JWTPayload, rules: TokenRules): CallerRefusal | undefined {
  const { audience, clock, longest } = rules;
  if (audience !== undefined && aud !== audience) return 'audience'; // a list of audiences is not for us alone
  if (iat === undefined || exp === undefined) return 'time';
  if (iat > clock.now() / SECOND + SKEW_SECONDS) return 'time';
  return exp - iat > longest / SECOND || exp <= iat ? 'lifetime' : undefined;
}

function reasonOf(fault: unknown): CallerRefusal {
  if (fault instanceof errors.JWTExpired) return 'time';
  if (!(fault instanceof errors.JWTClaimValidationFailed)) return 'signature';
  return fault.claim === 'aud' ? 'audience' : 'time';
}

/** Whose identity tokens are accepted, and for what. */
export interface CallerRules {
  readonly issuers: readonly TrustedIssuer[];
  /** The one audience that a token may be meant for. */
  readonly audience: string;
  /** The accounts that may call; none means that nobody may. */
  readonly emails: readonly string[];
  readonly clock: Clock;
  readonly timers: Timers;
  /** Lets keys come over plain http from this very machine, for the one-machine platform and tests. */
  readonly allowHttpJwks?: boolean;
}

/** Who calls, or why we do not know. */
export type Caller = { readonly kind: 'caller'; readonly email: string } | Refused;

/** Decides who sent a request from all of its Authorization headers. */
export type VerifyCaller = (authorization: readonly string[]) => Promise<Caller>;

/** Verifies the identity tokens of accounts of ours by the rules; throws when the rules would let everybody in. */
export function callerVerifier(rules: CallerRules): VerifyCaller {
  const { issuers, audience, emails, allowHttpJwks = false } = rules;
  // Only what is named here: an issuer of our accounts signs with RS256, whatever else is said of it.
  const pinned = issuers.map(({ issuer, jwksUrl }) => ({ issuer, jwksUrl }));
  const { clock, timers } = rules;
  const held = { longest: HOUR, clock, timers, allowHttpJwks };
  const verify = tokenVerifier({ issuers: pinned, audience, ...held });
  return async (authorization) => {
    const token = await verify(authorization);
    if (token.kind !== 'genuine') return token;
    const { email, email_verified: verified } = token.claims;
    if (typeof email !== 'string' || verified !== true) return unauthenticated('email');
    return emails.includes(email) ? { kind: 'caller', email } : NOT_GRANTED;
  };
}
