import { type Clock, HOUR, type Timers } from '@keyserver/time';
import { NOT_GRANTED, type Refused, tokenVerifier, unauthenticated } from './identity-token.ts';
import type { TrustedIssuer } from './trusted-issuers.ts';

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
