import type { CallerRefusal } from '@keyserver/log';
import { type Clock, HOUR, MINUTE, SECOND } from '@keyserver/time';
import { type JWTPayload, type JWTVerifyGetKey, decodeJwt, errors, jwtVerify } from 'jose';
import { JwksUnavailable } from './fetch-jwks.ts';
import { issuerKeys } from './issuer-keys.ts';

/** One issuer of identity tokens and where its keys are. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly jwksUrl: string;
}

/** Whose identity tokens are accepted, and for what. */
export interface CallerRules {
  readonly issuers: readonly TrustedIssuer[];
  /** The one audience that a token may be meant for. */
  readonly audience: string;
  /** The accounts that may call; none means that nobody may. */
  readonly emails: readonly string[];
  readonly clock: Clock;
  /** Lets keys come over plain http from this very machine, for the one-machine platform and tests. */
  readonly allowHttpJwks?: boolean;
}

/** Who calls, or why we do not know. */
export type Caller =
  | { readonly kind: 'caller'; readonly email: string }
  | { readonly kind: 'unauthenticated'; readonly reason: CallerRefusal }
  | { readonly kind: 'forbidden'; readonly reason: CallerRefusal }
  | { readonly kind: 'unverifiable'; readonly fault: Error };

/** Decides who sent a request from all of its Authorization headers. */
export type VerifyCaller = (authorization: readonly string[]) => Promise<Caller>;

const BEARER = /^bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
const SKEW_SECONDS = MINUTE / SECOND;
const LONGEST_SECONDS = HOUR / SECOND;

/** Verifies identity tokens (OIDC) by the rules; throws when the rules would let everybody in. */
export function callerVerifier(rules: CallerRules): VerifyCaller {
  if (rules.audience === '') throw new Error('an audience is needed to verify callers');
  const keysOf = keysByIssuer(rules);

  return async (authorization) => {
    const token = bearerToken(authorization);
    if (typeof token !== 'object') return unauthenticated(token);
    const issuer = claimedIssuer(token.compact);
    const keys = issuer === undefined ? undefined : keysOf.get(issuer);
    if (issuer === undefined || keys === undefined) return unauthenticated('issuer');
    try {
      const { payload } = await jwtVerify(token.compact, keys, {
        algorithms: ['RS256'],
        issuer,
        audience: rules.audience,
        requiredClaims: ['exp', 'iat'],
        clockTolerance: SKEW_SECONDS,
        currentDate: new Date(rules.clock.now()),
      });
      return judge(payload, rules);
    } catch (fault) {
      if (fault instanceof JwksUnavailable) return { kind: 'unverifiable', fault };
      return unauthenticated(reasonOf(fault));
    }
  };
}

function keysByIssuer(rules: CallerRules): ReadonlyMap<string, JWTVerifyGetKey> {
  const byUrl = new Map<string, JWTVerifyGetKey>(); // two names of one issuer share its keys
  const byIssuer = new Map<string, JWTVerifyGetKey>();
  for (const { issuer, jwksUrl } of rules.issuers) {
    const url = trustworthy(jwksUrl, rules.allowHttpJwks ?? false);
    const keys = byUrl.get(url.href) ?? issuerKeys(url, rules.clock);
    byUrl.set(url.href, keys);
    byIssuer.set(issuer, keys);
  }
  return byIssuer;
}

function trustworthy(address: string, allowHttp: boolean): URL {
  const url = new URL(address);
  const isOurs = allowHttp && url.protocol === 'http:' && LOOPBACK.has(url.hostname);
  if (url.protocol !== 'https:' && !isOurs)
    throw new Error('the keys of an issuer must come over https');
  return url;
}

const unauthenticated = (reason: CallerRefusal): Caller => ({ kind: 'unauthenticated', reason });

function bearerToken(authorization: readonly string[]): { compact: string } | CallerRefusal {
  const [header, ...others] = authorization;
  if (header === undefined) return 'missing';
  if (others.length > 0) return 'several';
  const compact = BEARER.exec(header)?.[1];
  return compact === undefined ? 'malformed' : { compact };
}

function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

function judge(claims: JWTPayload, { audience, emails, clock }: CallerRules): Caller {
  const { aud, iat, exp, email, email_verified: verified } = claims;
  if (aud !== audience) return unauthenticated('audience'); // a list of audiences is not for us alone
  if (iat === undefined || exp === undefined) return unauthenticated('time');
  if (iat > clock.now() / SECOND + SKEW_SECONDS) return unauthenticated('time');
  if (exp - iat > LONGEST_SECONDS || exp <= iat) return unauthenticated('lifetime');
  if (typeof email !== 'string' || verified !== true) return unauthenticated('email');
  return emails.includes(email)
    ? { kind: 'caller', email }
    : { kind: 'forbidden', reason: 'not_granted' };
}

function reasonOf(fault: unknown): CallerRefusal {
  if (fault instanceof errors.JWTExpired) return 'time';
  if (!(fault instanceof errors.JWTClaimValidationFailed)) return 'signature';
  return fault.claim === 'aud' ? 'audience' : 'time';
}
