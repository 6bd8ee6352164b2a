import { type Clock, DAY, type Timers } from '@keyserver/time';
import { NOT_GRANTED, type Refused, tokenVerifier, unauthenticated } from './identity-token.ts';
import type { PinnedIssuer } from './trusted-issuers.ts';

/** Who a partner is to the issuer that vouches for it. */
export interface PartnerIdentity {
  readonly issuer: string;
  readonly subject: string;
}

/** What a partner's tokens must be meant for: its own audience, and that alone. */
interface WithAudience {
  readonly audience: string;
}

/** Whose partners are accepted. */
export interface PartnerRules<P extends WithAudience> {
  readonly issuers: readonly PinnedIssuer[];
  /** The partner of exactly this issuer and subject; undefined when there is none. */
  readonly findPartner: (identity: PartnerIdentity) => Promise<P | undefined>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Lets keys come over plain http from this very machine, for the one-machine platform and tests. */
  readonly allowHttpJwks?: boolean;
}

/** Which partner calls, or why we do not know. */
export type PartnerCaller<P> = { readonly kind: 'caller'; readonly partner: P } | Refused;

/** Decides which partner sent a request from all of its Authorization headers. */
export type VerifyPartner<P> = (authorization: readonly string[]) => Promise<PartnerCaller<P>>;

/**
 * Verifies the identity tokens of federation partners by the rules. An e-mail address counts for nothing here, since it can
 * pass to somebody else; the subject cannot. A partner without an audience is nobody's: a token that somebody else was given
 * would open the door.
 */
export function partnerVerifier<P extends WithAudience>(rules: PartnerRules<P>): VerifyPartner<P> {
  const { findPartner, allowHttpJwks = false } = rules;
  const verify = tokenVerifier({ ...rules, audience: undefined, longest: DAY, allowHttpJwks });
  return async (authorization) => {
    const token = await verify(authorization);
    if (token.kind !== 'genuine') return token;
    const { sub: subject, aud } = token.claims;
    if (typeof subject !== 'string' || subject === '') return NOT_GRANTED;
    const partner = await findPartner({ issuer: token.issuer, subject });
    if (partner === undefined) return NOT_GRANTED;
    const isMeant = partner.audience.trim() !== '' && aud === partner.audience;
    return isMeant ? { kind: 'caller', partner } : unauthenticated('audience');
  };
}
