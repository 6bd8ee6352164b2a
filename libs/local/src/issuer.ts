import { Fault } from '@keyserver/fault';
import { type Random } from '@keyserver/random';
import { type Clock, secondsOf } from '@keyserver/time';
import { SignJWT, calculateJwkThumbprint, exportJWK } from 'jose';
import { type KeyObject, createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { privateFile, readPrivateFile } from './private-files.ts';

const ALGORITHM = 'RS256';
const KEY_FILE = 'oidc-issuer.pem';
/** Where the public keys of the issuer are, below its address. */
export const JWKS_PATH = '/jwks.json';
const LIFETIME_SECONDS = 3600;
const generate = promisify(generateKeyPair);

/** Who calls whom: the service's root URL and the e-mail of the calling account. */
export interface Identity {
  readonly audience: string;
  readonly email: string;
}

/** The key of this machine's issuer is not there. */
class IssuerFault extends Fault<'no_key'> {}

/** An OIDC issuer for the jobs of one machine: it says who calls as Google does for Cloud Scheduler. */
export interface Issuer {
  readonly issuer: string;
  readonly jwksUrl: string;
  /** What to answer to GET requests, by path. */
  readonly documents: Readonly<Record<string, object>>;
  /** Its key was just made, so that no token of an earlier one is valid any more. */
  readonly isNew: boolean;
  /** An identity token that is valid for one hour. */
  mint(identity: Identity): Promise<string>;
}

/** Opens the issuer that is reachable under `url`. Its RSA key lies in `directory`, so tokens outlive a restart. */
export async function openIssuer(
  url: string,
  directory: string,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<Issuer> {
  let isNew = false;
  const makeKey = async (): Promise<Uint8Array> => {
    isNew = true;
    return await newKey();
  };
  const file = await privateFile(join(directory, KEY_FILE), makeKey, random);
  const key = createPrivateKey(file);
  const jwk = await exportJWK(createPublicKey(key));
  const kid = await calculateJwkThumbprint(jwk);
  const jwksUrl = `${url}${JWKS_PATH}`;
  return {
    issuer: url,
    jwksUrl,
    isNew,
    documents: {
      '/.well-known/openid-configuration': discovery(url, jwksUrl),
      [JWKS_PATH]: { keys: [{ ...jwk, kid, alg: ALGORITHM, use: 'sig' }] },
    },
    mint: async (identity) => {
      const claims = { iss: url, kid, now: secondsOf(clock.now()), ...identity };
      return await sign(key, claims);
    },
  };
}

/**
 * Identity tokens of the issuer whose RSA key lies in `directory`, as another process of this machine makes them. The key is read
 * each time and never made: throws an IssuerFault where the launcher has not made it.
 */
export function issuerTokens(
  url: string,
  directory: string,
  clock: Clock,
): (identity: Identity) => Promise<string> {
  const path = join(directory, KEY_FILE);
  return async (identity) => {
    const file = await readPrivateFile(path);
    if (file === undefined)
      throw new IssuerFault('no_key', `${path} is not there: npm start makes it once`);
    const key = createPrivateKey(file);
    const kid = await calculateJwkThumbprint(await exportJWK(createPublicKey(key)));
    return await sign(key, { iss: url, kid, now: secondsOf(clock.now()), ...identity });
  };
}

const discovery = (issuer: string, jwksUrl: string): object => ({
  issuer,
  jwks_uri: jwksUrl,
  id_token_signing_alg_values_supported: [ALGORITHM],
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  claims_supported: ['aud', 'email', 'email_verified', 'exp', 'iat', 'iss', 'sub'],
});

async function sign(
  key: KeyObject,
  claims: Identity & { readonly iss: string; readonly kid: string; readonly now: number },
): Promise<string> {
  return await new SignJWT({ email: claims.email, email_verified: true, azp: claims.email })
    .setProtectedHeader({ alg: ALGORITHM, kid: claims.kid, typ: 'JWT' })
    .setIssuer(claims.iss)
    .setSubject(claims.email)
    .setAudience(claims.audience)
    .setIssuedAt(claims.now)
    .setExpirationTime(claims.now + LIFETIME_SECONDS)
    .sign(key);
}

async function newKey(): Promise<Uint8Array> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 });
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}
