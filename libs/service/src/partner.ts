import { type Clock, DAY, MINUTE, SECOND, type Timers, type UnixMillis } from '@keyserver/time';
import {
  type GenuineToken,
  NOT_GRANTED,
  type Refused,
  tokenVerifier,
  unauthenticated,
} from './identity-token.ts';
import type { PinnedIssuer } from './trusted-issuers.ts';

/** Who a partner is to the issuer that vouches for it. */
export interface PartnerIdentity {
  readonly issuer: string;
  readonly subject: string;
}

type TokenVerifier = ReturnType<typeof tokenVerifier>;

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
  const genuine = rememberedTokens(verify, rules.clock);
  return async (authorization) => {
    const token = await genuine(authorization);
    if (token.kind !== 'genuine') return token;
    const { sub: subject, aud } = token.claims;
    if (typeof subject !== 'string' || subject === '') return NOT_GRANTED;
    const partner = await findPartner({ issuer: token.issuer, subject });
    if (partner === undefined) return NOT_GRANTED;
    const isMeant = partner.audience.trim() !== '' && aud === partner.audience;
    return isMeant ? { kind: 'caller', partner } : unauthenticated('audience');
  };
}

/** How long a token is known to be genuine without a look at its signature; keys of issuers are remembered for longer. */
const REMEMBERED = MINUTE;
const REMEMBERED_TOKENS = 256;

interface Remembered {
  readonly token: GenuineToken;
  readonly at: UnixMillis;
}

/** A partner sends one token with thousands of calls. What it says of its own end is looked at every time. */
function rememberedTokens(verify: TokenVerifier, clock: Clock): TokenVerifier {
  const known = new Map<string, Remembered>();
  return async (authorization) => {
    const [header = '', ...others] = authorization;
    const now = clock.now();
    const found = others.length === 0 ? known.get(header) : undefined;
    if (found !== undefined && isCurrent(found, now)) return found.token;
    known.delete(header);
    const token = await verify(authorization);
    if (token.kind !== 'genuine') return token;
    if (known.size >= REMEMBERED_TOKENS) known.clear();
    known.set(header, { token, at: now });
    return token;
  };
}

// A clock that was set back makes a token unknown.
const isCurrent = ({ token: { claims }, at }: Remembered, now: UnixMillis): boolean =>
  now >= at && now - at < REMEMBERED && now < (claims.exp ?? 0) * SECOND;
