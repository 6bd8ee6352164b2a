import { type Clock, DAY, MINUTE, SECOND, type Timers } from '@keyserver/time';
import { type JWTVerifyGetKey, type LocalJWKSet, createLocalJWKSet, errors } from 'jose';
import { JwksFault, fetchJwks } from './fetch-jwks.ts';

interface Known {
  readonly find: LocalJWKSet;
  readonly at: number;
  readonly lasts: number;
}

const SHORTEST = 5 * MINUTE;
const LONGEST = DAY;
/** How long known keys serve past their time while the issuer is away. */
const GRACE = DAY;
/** Between two fetches: an unknown key id must not let a stranger make us call the issuer at will. */
const PAUSE = 30 * SECOND;
/** The same while there are no keys at all, so that a service that starts before its issuer soon recovers. */
const SHORT_PAUSE = SECOND;

/** What the age of keys and the time of a fetch are measured with. */
export interface JwksParts {
  readonly clock: Clock;
  readonly timers: Timers;
}

/**
 * Finds the key that a token names among those that its issuer publishes. They are kept for as long as the issuer says
 * (5 minutes to a day), an unknown key id fetches them anew, and while the issuer is away the known ones serve on.
 */
export function issuerKeys(url: URL, parts: JwksParts): JWTVerifyGetKey {
  const keys = new IssuerKeys(url, parts);
  return async (...named) => await keys.find(...named);
}

class IssuerKeys {
  readonly #url: URL;
  readonly #clock: Clock;
  readonly #timers: Timers;
  #known: Known | undefined;
  #triedAt: number | undefined;
  #inFlight: Promise<boolean> | undefined;
  #lastFault: unknown;

  constructor(url: URL, { clock, timers }: JwksParts) {
    this.#url = url;
    this.#clock = clock;
    this.#timers = timers;
  }

  async find(...named: Parameters<JWTVerifyGetKey>): ReturnType<LocalJWKSet> {
    if (!this.#lastsFor(0)) await this.#refresh();
    const find = this.#usable();
    try {
      return await find(...named);
    } catch (fault) {
      const unknown = fault instanceof errors.JWKSNoMatchingKey;
      if (!unknown || !(await this.#refresh())) throw fault;
      return await this.#usable()(...named);
    }
  }

  #usable(): LocalJWKSet {
    if (this.#known !== undefined && this.#lastsFor(GRACE)) return this.#known.find;
    throw new JwksFault('no keys of the issuer are known', { cause: this.#lastFault });
  }

  #lastsFor(grace: number): boolean {
    return this.#known !== undefined && this.#isWithin(this.#known.at, this.#known.lasts + grace);
  }

  // A clock that was set back counts as time passed: one fetch too many is better than keys that never expire.
  #isWithin(since: number, span: number): boolean {
    const age = this.#clock.now() - since;
    return age >= 0 && age < span;
  }

  /** Whether the keys are new now; false when the issuer is away or was asked a moment ago. */
  async #refresh(): Promise<boolean> {
    const pause = this.#lastsFor(GRACE) ? PAUSE : SHORT_PAUSE;
    const tooSoon = this.#triedAt !== undefined && this.#isWithin(this.#triedAt, pause);
    if (this.#inFlight === undefined && tooSoon) return false;
    this.#inFlight ??= this.#fetch();
    return await this.#inFlight;
  }

  async #fetch(): Promise<boolean> {
    this.#triedAt = this.#clock.now();
    try {
      const { jwks, maxAge } = await fetchJwks(this.#url, this.#timers);
      const lasts = Math.min(Math.max(maxAge, SHORTEST), LONGEST);
      this.#known = { find: createLocalJWKSet(jwks), at: this.#clock.now(), lasts };
      return true;
    } catch (fault) {
      this.#lastFault = fault;
      return false;
    } finally {
      this.#inFlight = undefined;
    }
  }
}
