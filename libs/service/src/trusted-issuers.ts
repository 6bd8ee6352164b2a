import type { JWTVerifyGetKey } from 'jose';
import { type JwksParts, issuerKeys } from './issuer-keys.ts';

/** One issuer of identity tokens and where its keys are. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly jwksUrl: string;
}

/** An issuer that signs with RS256 and, where that is said here, with ES256 too. */
export interface PinnedIssuer extends TrustedIssuer {
  readonly es256?: boolean;
}

/** What is needed to check a token of an issuer: its one name here, its algorithms and its keys. */
export interface KnownIssuer {
  readonly name: string;
  readonly algorithms: string[];
  readonly keys: JWTVerifyGetKey;
}

/** Finds an issuer by the name that a token gives it. */
export type FindIssuer = (claimed: string) => KnownIssuer | undefined;

const GOOGLE = 'https://accounts.google.com';
const GOOGLE_WITHOUT_SCHEME = 'accounts.google.com';
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** The issuers whose tokens are taken; issuers with one address of keys share them. */
export function trustedIssuers(
  issuers: readonly PinnedIssuer[],
  { allowHttp, ...parts }: JwksParts & { readonly allowHttp: boolean },
): FindIssuer {
  const byUrl = new Map<string, JWTVerifyGetKey>();
  const byName = new Map<string, KnownIssuer>();
  for (const { issuer, jwksUrl, es256 } of issuers) {
    const name = oneName(issuer);
    if (byName.has(name)) throw new Error('an issuer is trusted twice');
    const url = trustworthy(jwksUrl, allowHttp);
    const keys = byUrl.get(url.href) ?? issuerKeys(url, parts);
    byUrl.set(url.href, keys);
    byName.set(name, { name, algorithms: es256 === true ? ['RS256', 'ES256'] : ['RS256'], keys });
  }
  return (claimed) => byName.get(oneName(claimed));
}

// Google signs as either; both are the same issuer, with the same accounts.
const oneName = (issuer: string): string => (issuer === GOOGLE_WITHOUT_SCHEME ? GOOGLE : issuer);

function trustworthy(address: string, allowHttp: boolean): URL {
  const url = new URL(address);
  const isOurs = allowHttp && url.protocol === 'http:' && LOOPBACK.has(url.hostname);
  if (url.protocol !== 'https:' && !isOurs)
    throw new Error('the keys of an issuer must come over https');
  return url;
}
