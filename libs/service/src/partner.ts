import { type Clock, DAY, type Timers } from '@keyserver/time';
import { NOT_GRANTED, type Refused, tokenVerifier } from './identity-token.ts';
import type { PinnedIssuer } from './trusted-issuers.ts';

/** Who a partner is to the issuer that vouches for it. */
export interface PartnerIdentity {
  readonly issuer: string;
  readonly subject: string;
}

/** Whose partners are accepted, and for what. */
export interface PartnerRules {
  readonly issuers: readonly PinnedIssuer[];
  /** The one audience that a token may be meant for. */
  readonly audience: string;
  /** The partner of exactly this issuer and subject; undefined when there is none. */
  readonly findPartner: (identity: PartnerIdentity) => Promise<string | undefined>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Lets keys come over plain http from this very machine, for the one-machine platform and tests. */
  readonly allowHttpJwks?: boolean;
}

/** Which partner calls, or why we do not know. */
export type PartnerCaller = { readonly kind: 'caller'; readonly partner: string } | Refused;

/** Decides which partner sent a request from all of its Authorization headers. */
export type VerifyPartner = (authorization: readonly string[]) => Promise<PartnerCaller>;

/**
 * Verifies the identity tokens of federation partners by the rules; throws when the rules would let everybody in. An
 * e-mail address counts for nothing here, since it can pass to somebody else; the subject cannot.
 */
export function partnerVerifier(rules: PartnerRules): VerifyPartner {
  const { findPartner, allowHttpJwks = false } = rules;
  const verify = tokenVerifier({ ...rules, longest: DAY, allowHttpJwks });
  return async (authorization) => {
    const token = await verify(authorization);
    if (token.kind !== 'genuine') return token;
    const { sub: subject } = token.claims;
    if (typeof subject !== 'string' || subject === '') return NOT_GRANTED;
    const partner = await findPartner({ issuer: token.issuer, subject });
    return partner === undefined ? NOT_GRANTED : { kind: 'caller', partner };
  };
}
