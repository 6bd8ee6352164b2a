import { Fault } from '@keyserver/fault';
import { within } from '@keyserver/retry';
import { type Clock, MINUTE, SECOND, type Timers } from '@keyserver/time';
import { GoogleAuth } from 'google-auth-library';

/** Gives an identity token that says who we are to the one audience. */
export type IdTokenFor = (audience: string) => Promise<string>;

/** Whose tokens, and how long to wait for one. */
export interface OutgoingTokenSettings {
  readonly projectId: string;
  readonly clock: Clock;
  readonly timers: Timers;
  /** How long fetching a token may take; 10 seconds unless told. */
  readonly deadlineMs?: number;
}

/** There is no identity token to be had; the message is a sentence for the operator. */
class IdentityFault extends Fault<'no_token'> {
  constructor(message: string, options?: ErrorOptions) {
    super('no_token', message, options);
  }
}

interface Held {
  readonly token: string;
  readonly since: number;
  readonly until: number;
}

/** A token is renewed this long before it ends. */
const RENEWAL = 5 * MINUTE;
/** And while none is to be had it is not used in its last minute, since clocks differ and calls take time. */
const LAST_MINUTE = MINUTE;
/** The client puts an audience into a query as it is, so nothing may stand in it that ends one. */
const AUDIENCE = /^[\w:/.~-]{1,2000}$/;

/** Identity tokens of the account that this machine runs as, or of the credentials it is given; each serves until shortly before its end. */
export function outgoingTokens(settings: OutgoingTokenSettings): IdTokenFor {
  const { projectId, clock, timers, deadlineMs = 10 * SECOND } = settings;
  const auth = new GoogleAuth({ projectId });
  const held = new Map<string, Held>();
  const underWay = new Map<string, Promise<Held>>();

  /** The token if it still serves this long before its end. */
  const serving = (of: Held | undefined, before: number): string | undefined => {
    const now = clock.now();
    // A clock that was set back makes a token seem younger than it is: better one too many.
    const serves = of !== undefined && of.since <= now && now < of.until - before;
    return serves ? of.token : undefined;
  };
  const renew = async (audience: string): Promise<Held> => {
    const token = await within(
      { ms: deadlineMs, timers },
      async () => await fetchToken(auth, audience),
    );
    const fresh = { token, since: clock.now(), until: endOf(token, audience) };
    if (serving(fresh, 0) === undefined)
      throw new IdentityFault('it has ended already; is the clock right?');
    held.set(audience, fresh);
    return fresh;
  };
  const renewOnce = async (audience: string): Promise<Held> => {
    const running = underWay.get(audience) ?? renew(audience);
    underWay.set(audience, running);
    return await running.finally(() => underWay.delete(audience));
  };

  return async (audience) => {
    if (!AUDIENCE.test(audience)) throw new IdentityFault('an audience is a plain address');
    const known = held.get(audience);
    const token = serving(known, RENEWAL);
    if (token !== undefined) return token;
    try {
      return (await renewOnce(audience)).token;
    } catch (cause) {
      const old = serving(known, LAST_MINUTE);
      if (old !== undefined) return old;
      throw new IdentityFault(`no identity token for ${audience}: ${sentenceOf(cause)}`, { cause });
    }
  };
}

async function fetchToken(auth: GoogleAuth, audience: string): Promise<string> {
  const { idTokenProvider } = await auth.getIdTokenClient(audience);
  return await idTokenProvider.fetchIdToken(audience);
}

/** When a token ends, in milliseconds; throws when it is none for this audience. */
function endOf(token: unknown, audience: string): number {
  const claims = typeof token === 'string' ? readClaims(token) : undefined;
  if (claims === undefined) throw new IdentityFault('what was given is no identity token');
  // The credentials of a person give tokens for the program that the person signed in with.
  if (claims.audience !== audience)
    throw new IdentityFault('these credentials give tokens for others; use a service account');
  return claims.expiry * SECOND;
}

const sentenceOf = (fault: unknown): string =>
  (fault instanceof Error ? fault.message : String(fault)).split('\n', 1).join('');

/** What we need to know of a token of our own; its signature is for its reader to check. */
interface OwnClaims {
  readonly audience: unknown;
  /** Seconds since 1970. */
  readonly expiry: number;
}

/** The claims of a compact token; undefined when it is none. */
function readClaims(token: string): OwnClaims | undefined {
  const payload = parsed(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  if (typeof payload !== 'object' || payload === null) return undefined;
  const audience: unknown = Reflect.get(payload, 'aud');
  const expiry: unknown = Reflect.get(payload, 'exp');
  return typeof expiry === 'number' ? { audience, expiry } : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
