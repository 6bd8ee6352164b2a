/** What we need to know of a token of our own; its signature is for its reader to check. */
export interface OwnClaims {
  readonly audience: unknown;
  /** Seconds since 1970. */
  readonly expiry: number;
}

/** The claims of a compact token; undefined when it is none. */
export function readClaims(token: string): OwnClaims | undefined {
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
